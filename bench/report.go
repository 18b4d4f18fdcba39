package bench

import (
	_ "embed"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"
)

// A comparison is what the report tells.
type comparison struct {
	peers     []peer
	workloads []workload
	results   [][]result // by workload and peer
	costs     []costs    // by peer
}

// markdown returns the report.
func (c *comparison) markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, `# The SDK beside other Go clients

Printed by `+"`GOWORK=off go test -run TestComparison -update` in `bench/`"+`, with %s.
Each client does the same jobs against the same simulated server, in virtual
time. The server allows %d requests a minute, counted as Laravel's throttle
does, and an answer takes %g to %g s where nothing else is said. *Failed* are
the calls that a client gave up on, *rejected* the requests that the server
answered with a 429. How each client was set up stands at the end. Latencies
are seeded and scheduling is not, so that a second run differs a little.

## At a glance

`, runtime.Version(), documented.n, network.base.Seconds(), (network.base + network.jitter).Seconds())
	c.glance(&b)
	b.WriteString("\n![Requests accepted and rejected over time](requests.svg)\n")
	for i, w := range c.workloads {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n", w.title, w.what)
		c.details(&b, c.results[i])
	}
	c.costTable(&b)
	b.WriteString("\n## How each was set up\n\n")
	for _, p := range c.peers {
		fmt.Fprintf(&b, "- **%s**%s: %s\n", p.name, versions(p.modules), p.setup)
	}
	return b.String()
}

// glance has a row for each peer, and a column for each workload.
func (c *comparison) glance(b *strings.Builder) {
	head := []string{"client"}
	for _, w := range c.workloads {
		head = append(head, strings.ToLower(w.title[:1])+w.title[1:])
	}
	rows := make([][]string, len(c.peers))
	for i, p := range c.peers {
		rows[i] = []string{p.name}
		for j, w := range c.workloads {
			rows[i] = append(rows[i], w.summary(c.results[j][i]))
		}
		rows[i] = append(rows[i], fmt.Sprintf("%.2f ×", c.costs[i].times()))
	}
	table(b, append(head, "a call's time, by hand = 1"), rows)
}

// summary is what matters of a result, the worst first.
func (w workload) summary(r result) string {
	if w.broken == throughout {
		return fmt.Sprintf("%.2f requests a call", float64(r.requests)/float64(r.calls))
	}
	var parts []string
	if r.failed > 0 {
		parts = append(parts, fmt.Sprintf("**%d failed**", r.failed))
	}
	if r.rejected > 0 {
		parts = append(parts, fmt.Sprintf("%d rejected", r.rejected))
	}
	return strings.Join(append(parts, seconds(r.took)), ", ")
}

func (c *comparison) details(b *strings.Builder, results []result) {
	rows := make([][]string, len(c.peers))
	for i, p := range c.peers {
		r := results[i]
		rows[i] = []string{p.name, fmt.Sprint(r.failed), fmt.Sprint(r.rejected), fmt.Sprint(r.requests), seconds(r.took)}
	}
	table(b, []string{"client", "failed", "rejected", "requests", "took"}, rows)
}

func (c *comparison) costTable(b *strings.Builder) {
	b.WriteString("\n## Cost of a call\n\nIn real time, on a transport in memory that answers at once, beside the same call written by hand with\n" +
		"net/http and encoding/json, with a timeout where the client has one (the first two). All took turns on\n" +
		"one core in one run; a time is the median of the turns.\n\n")
	rows := make([][]string, len(c.peers))
	for i, p := range c.peers {
		own, hand := c.costs[i].peer, c.costs[i].byHand
		rows[i] = []string{
			p.name, micros(own.time), micros(hand.time), fmt.Sprintf("%.2f ×", c.costs[i].times()),
			fmt.Sprint(own.allocs), fmt.Sprint(hand.allocs), fmt.Sprint(own.bytes), fmt.Sprint(hand.bytes),
		}
	}
	table(b, []string{"client", "time", "by hand", "ratio", "allocations", "by hand", "bytes", "by hand"}, rows)
}

// table writes a table whose columns but the first stand at the right.
func table(b *strings.Builder, head []string, rows [][]string) {
	rule := slices.Repeat([]string{"---:"}, len(head))
	rule[0] = "---"
	for _, row := range append([][]string{head, rule}, rows...) {
		b.WriteString("| " + strings.Join(row, " | ") + " |\n")
	}
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) }

func micros(d time.Duration) string {
	return fmt.Sprintf("%.1f µs", float64(d)/float64(time.Microsecond))
}

//go:embed go.mod
var goMod string

// versions names modules with their versions in go.mod, in parentheses.
func versions(modules []string) string {
	var named []string
	for line := range strings.Lines(goMod) {
		if f := strings.Fields(line); len(f) >= 2 && slices.Contains(modules, f[0]) {
			named = append(named, f[0]+" "+f[1])
		}
	}
	if len(named) == 0 {
		return ""
	}
	return " (" + strings.Join(named, ", ") + ")"
}
