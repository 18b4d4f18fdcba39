package bench

import (
	"bytes"
	"fmt"
	"image/color"
	"io"
	"math"
	"net/http"
	"strconv"
	"time"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// The chart's measures: panels side by side, their size in points, and how far
// apart in time the points of a curve are.
const (
	columns     = 4
	panelWidth  = 190
	panelHeight = 130
	step        = 3 * time.Second
)

var gridColor = color.Gray{Y: 0xdd}

// The curves of a panel, by the answer that they count.
var curves = []struct {
	name   string
	status int
	color  color.Color
}{
	{"accepted", http.StatusOK, color.NRGBA{R: 0x1f, G: 0x77, B: 0xb4, A: 0xff}},
	{"rejected", http.StatusTooManyRequests, color.NRGBA{R: 0xd6, G: 0x27, B: 0x28, A: 0xff}},
}

// chart draws the bulk jobs as SVG: how many requests the server had accepted
// and rejected at each moment, a panel for each peer, all to the same scale.
func (c *comparison) chart(w io.Writer) error {
	var panels []*plot.Plot
	var tiles [][]*plot.Plot
	for job := range c.workloads {
		if !c.workloads[job].charted {
			continue
		}
		for i, p := range c.peers {
			panel, err := newPanel(p.name, c.results[job][i], len(panels) == 0)
			if err != nil {
				return err
			}
			if i%columns == 0 {
				panel.Y.Label.Text = c.workloads[job].title
				tiles = append(tiles, make([]*plot.Plot, columns))
			}
			tiles[len(tiles)-1][i%columns] = panel
			panels = append(panels, panel)
		}
	}
	sameScale(panels)
	return drawTiles(w, tiles)
}

func newPanel(title string, r result, legend bool) (*plot.Plot, error) {
	p := plot.New()
	p.Title.Text = title
	if r.failed > 0 {
		p.Title.Text += fmt.Sprintf(": %d failed", r.failed)
	}
	p.X.Label.Text = "minutes"
	p.Legend.Top, p.Legend.Left = true, true
	p.Legend.ThumbnailWidth, p.Legend.Padding = 12, 2
	for _, style := range []*draw.TextStyle{
		&p.Title.TextStyle, &p.X.Label.TextStyle, &p.Y.Label.TextStyle,
		&p.X.Tick.Label, &p.Y.Tick.Label, &p.Legend.TextStyle,
	} {
		style.Font.Variant = "Sans"
		style.Font.Size = min(style.Font.Size, 8)
	}
	grid := plotter.NewGrid()
	grid.Horizontal.Color, grid.Vertical.Color = gridColor, gridColor
	p.Add(grid)
	for _, curve := range curves {
		line, err := plotter.NewLine(r.soFar(curve.status))
		if err != nil {
			return nil, err
		}
		line.Color = curve.color
		line.Width = 1.5
		p.Add(line)
		if legend {
			p.Legend.Add(curve.name, line)
		}
	}
	return p, nil
}

// soFar returns how many requests had been answered with a status, over the
// minutes of the job.
func (r result) soFar(status int) plotter.XYs {
	var curve plotter.XYs
	count, next := 0, 0
	for at := time.Duration(0); at < r.took+step; at += step {
		for ; next < len(r.hits) && r.hits[next].at <= at; next++ {
			if r.hits[next].status == status {
				count++
			}
		}
		curve = append(curve, plotter.XY{X: at.Minutes(), Y: float64(count)})
	}
	return curve
}

// sameScale gives all panels the axes of the largest.
func sameScale(panels []*plot.Plot) {
	const everyX, everyY = 2, 2500
	var x, y float64
	for _, p := range panels {
		x, y = max(x, math.Ceil(p.X.Max)), max(y, math.Ceil(p.Y.Max/everyY)*everyY)
	}
	for _, p := range panels {
		p.X.Max, p.Y.Max = x, y
		p.X.Tick.Marker, p.Y.Tick.Marker = ticks(x, everyX), ticks(y, everyY)
	}
}

func ticks(upTo, every float64) plot.ConstantTicks {
	var marks plot.ConstantTicks
	for v := 0.0; v <= upTo; v += every {
		marks = append(marks, plot.Tick{Value: v, Label: strconv.Itoa(int(v))})
	}
	return marks
}

func drawTiles(w io.Writer, panels [][]*plot.Plot) error {
	svg := vgsvg.New(columns*panelWidth, vg.Length(len(panels))*panelHeight)
	canvas := draw.New(svg)
	canvas.SetColor(color.White)
	canvas.Fill(canvas.Path())
	tiles := draw.Tiles{
		Rows: len(panels), Cols: columns,
		PadX: 8, PadY: 8, PadTop: 4, PadBottom: 4, PadLeft: 4, PadRight: 8,
	}
	for y, row := range plot.Align(panels, tiles, canvas) {
		for x, area := range row {
			if panels[y][x] != nil {
				panels[y][x].Draw(area)
			}
		}
	}
	var b bytes.Buffer
	if _, err := svg.WriteTo(&b); err != nil {
		return err
	}
	// The font's own name, and those of its twins where it is not installed.
	_, err := w.Write(bytes.ReplaceAll(b.Bytes(), []byte("Liberation Sans;"), []byte("Liberation Sans,Arial,Helvetica,sans-serif;")))
	return err
}
