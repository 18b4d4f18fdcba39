package bench

import (
	"fmt"
	"html"
	"math"
	"strconv"
	"strings"
	"time"
)

// Both charts are SVG with a white panel of their own, so that they are readable
// on white and dark pages. All measures are in pixels.
const (
	chartWidth = 960
	plotTop    = 64
	gridColor  = "#e3e6ea"
	textColor  = "#24292f"
	mutedColor = "#57606a"
)

// The curves' styles, by peer. The colours can be told apart with
// colour-blindness. Later peers are drawn first and wider, so that of curves that
// coincide the lower ones show as edges, or between dashes.
var curveStyles = []string{
	stroke("#0072b2", 3),
	stroke("#e69f00", 3),
	stroke("#009e73", 3.5),
	stroke("#cc3311", 3) + ` stroke-dasharray="9 7"`,
	stroke("#56b4e9", 4),
	stroke("#000000", 5),
	stroke("#cc79a7", 5.5),
	stroke("#8b5a2b", 6),
}

// A canvas collects the elements of a chart.
type canvas struct {
	strings.Builder
	height int
}

func newCanvas(height int, title, subtitle string) *canvas {
	c := &canvas{height: height}
	fmt.Fprintf(c, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%[1]d" height="%[2]d" role="img" `+
		`font-family="Helvetica, Arial, sans-serif" font-size="13"><title>%[3]s</title>`+"\n", chartWidth, height, html.EscapeString(title))
	fmt.Fprintf(c, `<rect x="0.5" y="0.5" width="%d" height="%d" rx="6" fill="#ffffff" stroke="#d0d7de"/>`+"\n", chartWidth-1, height-1)
	fmt.Fprintf(c, `<text x="20" y="28" font-size="16" font-weight="bold" fill="%s">%s</text>`+"\n", textColor, html.EscapeString(title))
	c.text(20, 47, "start", mutedColor, subtitle)
	return c
}

func (c *canvas) text(x, y float64, anchor, color, text string) {
	fmt.Fprintf(c, `<text x="%.1f" y="%.1f" text-anchor="%s" fill="%s">%s</text>`+"\n", x, y, anchor, color, html.EscapeString(text))
}

func (c *canvas) line(x1, y1, x2, y2 float64, style string) {
	fmt.Fprintf(c, `<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" %s/>`+"\n", x1, y1, x2, y2, style)
}

func (c *canvas) rect(x, y, width, height float64, style string) {
	fmt.Fprintf(c, `<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" %s/>`+"\n", x, y, width, height, style)
}

func (c *canvas) svg() string { return c.String() + "</svg>\n" }

func stroke(color string, width float64) string {
	return fmt.Sprintf(`stroke="%s" stroke-width="%g"`, color, width)
}

// completedChart draws how many calls of the charted workload had completed at
// each moment: a curve for each peer, and a legend with what became of the calls.
func (c *comparison) completedChart() string {
	const left, right, bottom, height = 76, 640, 440, 500
	job := 0
	for i, w := range c.workloads {
		if w.charted {
			job = i
		}
	}
	w, results := c.workloads[job], c.results[job]
	longest, most := time.Duration(0), 1
	for _, r := range results {
		longest, most = max(longest, r.took), max(most, r.calls)
	}
	minutes := math.Ceil(longest.Minutes())
	x := func(at time.Duration) float64 { return left + at.Minutes()/minutes*(right-left) }
	y := func(calls int) float64 { return bottom - float64(calls)/float64(most)*(bottom-plotTop) }

	s := newCanvas(height, "Completed calls over time", w.title+": "+strconv.Itoa(most)+" calls. A circle is the end of a job with failed calls.")
	for m := range int(minutes) + 1 {
		at := x(time.Duration(m) * time.Minute)
		s.line(at, plotTop, at, bottom, stroke(gridColor, 1))
		s.text(at, bottom+20, "middle", textColor, strconv.Itoa(m))
	}
	for i := range 6 {
		calls := most * i / 5
		s.line(left, y(calls), right, y(calls), stroke(gridColor, 1))
		s.text(left-10, y(calls)+4.5, "end", textColor, strconv.Itoa(calls))
	}
	s.line(left, bottom, right, bottom, stroke(mutedColor, 1))
	s.text((left+right)/2, bottom+42, "middle", textColor, "time (minutes)")
	fmt.Fprintf(s, `<text transform="translate(22 %d) rotate(-90)" text-anchor="middle" fill="%s">completed calls</text>`+"\n", (plotTop+bottom)/2, textColor)

	for i := range results {
		i = len(results) - 1 - i // the first peer on top
		r := results[i]
		var points strings.Builder
		fmt.Fprintf(&points, "%.1f,%.1f", x(0), y(0))
		const step = time.Second
		for at, n := step, 0; at < r.took+step; at += step {
			before := n
			for n < len(r.completed) && r.completed[n] <= at {
				n++
			}
			if n == before {
				continue
			}
			fmt.Fprintf(&points, " %.1f,%.1f %.1f,%.1f", x(at-step), y(before), x(at), y(n))
		}
		end := len(r.completed)
		fmt.Fprintf(&points, " %.1f,%.1f", x(r.took), y(end))
		fmt.Fprintf(s, `<polyline points="%s" fill="none" stroke-linejoin="round" %s/>`+"\n", points.String(), curveStyles[i%len(curveStyles)])
	}
	for i, r := range results {
		if r.failed == 0 {
			continue
		}
		// Below a curve that ends early, above one that ends late.
		at, end, anchor := x(r.took)+8, y(len(r.completed))+20, "start"
		if len(r.completed) > r.calls/2 {
			at, end, anchor = x(r.took)-16, y(len(r.completed))-10, "end"
		}
		fmt.Fprintf(s, `<circle cx="%.1f" cy="%.1f" r="4.5" fill="#ffffff" stroke="%s" stroke-width="2.5"/>`+"\n", x(r.took), y(len(r.completed)), textColor)
		s.WriteString(`<g font-weight="bold" stroke="#ffffff" stroke-width="4" paint-order="stroke">`)
		s.text(at, end, anchor, textColor, c.peers[i].name)
		s.WriteString("</g>\n")
	}
	for i, r := range results {
		const at, rowHeight = 668, 46
		top := float64(plotTop + 10 + rowHeight*i)
		s.line(at, top, at+30, top, curveStyles[i%len(curveStyles)])
		s.text(at+40, top+4.5, "start", textColor, c.peers[i].name)
		outcome := "all in " + seconds(r.took)
		if r.failed > 0 {
			outcome = fmt.Sprintf("%d completed, %d failed", len(r.completed), r.failed)
		}
		s.text(at+40, top+21, "start", mutedColor, outcome)
	}
	return s.svg()
}

// waitChart draws the waiting times of the interactive workloads: for each peer a
// box for each workload, on a logarithmic axis.
func (c *comparison) waitChart() string {
	const left, right, rowHeight, barHeight = 232, 800, 46, 13
	colors := []string{"#0072b2", "#e69f00"}
	var jobs []int
	calls := 0 // of the bulk job
	least, longest := 100*time.Millisecond, time.Second
	for i, w := range c.workloads {
		if w.every == 0 {
			continue
		}
		jobs = append(jobs, i)
		calls = w.calls
		for _, r := range c.results[i] {
			longest = max(longest, r.percentile(100))
		}
	}
	bottom := float64(plotTop + 28 + rowHeight*len(c.peers))
	decades := math.Log10(float64(longest)/float64(least)) * 1.02
	x := func(d time.Duration) float64 {
		return left + math.Log10(float64(max(d, least))/float64(least))/decades*(right-left)
	}

	s := newCanvas(int(bottom)+82, "Waiting time of interactive calls next to a bulk job",
		fmt.Sprintf("From the call to its result or error, on the same client as a bulk job of %d calls. 0.2 s of it is the response.", calls))
	at := float64(left)
	for i, job := range jobs {
		s.rect(at, plotTop-1, 22, 12, fmt.Sprintf(`fill="%s"`, colors[i%len(colors)]))
		s.text(at+30, plotTop+10, "start", textColor, fmt.Sprintf("one call every %g s", c.workloads[job].every.Seconds()))
		at += 200
	}
	s.text(right+20, plotTop+10, "start", mutedColor, "p99")
	for _, tick := range []float64{0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500} {
		d := time.Duration(tick * float64(time.Second))
		if x(d) > right {
			break
		}
		s.line(x(d), plotTop+22, x(d), bottom, stroke(gridColor, 1))
		s.text(x(d), bottom+20, "middle", textColor, strconv.FormatFloat(tick, 'g', -1, 64))
	}
	s.line(left, bottom, right, bottom, stroke(mutedColor, 1))
	s.text((left+right)/2, bottom+42, "middle", textColor, "waiting time (seconds, logarithmic)")
	s.text((left+right)/2, bottom+66, "middle", mutedColor,
		"Box: middle half of the calls. White line: median. Whiskers: minimum and maximum.")
	for i, p := range c.peers {
		top := float64(plotTop + 28 + rowHeight*i)
		s.text(left-12, top+rowHeight/2+4.5, "end", textColor, p.name)
		if i > 0 {
			s.line(20, top, chartWidth-20, top, stroke(gridColor, 1))
		}
		for j, job := range jobs {
			r, color := c.results[job][i], colors[j%len(colors)]
			y := top + rowHeight/2 + (float64(j)-float64(len(jobs))/2)*(barHeight+5) + 2.5
			middle := y + barHeight/2
			from, to, most := x(r.percentile(25))-4, x(r.percentile(75))+4, x(r.percentile(100))
			s.line(x(r.percentile(0)), middle, most, middle, stroke(color, 2))
			s.line(most, y+1, most, y+barHeight-1, stroke(color, 2))
			s.rect(from, y, to-from, barHeight, fmt.Sprintf(`fill="%s" rx="2"`, color))
			if to-from > 10 { // in a narrower one the median is plain to see
				s.line(x(r.percentile(50)), y, x(r.percentile(50)), y+barHeight, stroke("#ffffff", 2))
			}
			label := seconds(r.percentile(99))
			if r.interactiveFailed > 0 {
				label += fmt.Sprintf(", %d failed", r.interactiveFailed)
			}
			s.text(right+20, middle+4.5, "start", textColor, label)
		}
	}
	return s.svg()
}
