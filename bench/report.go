package bench

import (
	_ "embed"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"
)

// A comparison has everything that the report states.
type comparison struct {
	peers     []peer
	workloads []workload
	results   [][]result // by workload and peer
	costs     []costs    // by peer
}

// markdown returns the report.
func (c *comparison) markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, `# Comparison with other Go clients

    cd bench && GOWORK=off go test -run TestComparison -update

writes this file and its charts. This run used %s.

Each client does the same workloads against its own copy of the same simulated
server, in virtual time. The server allows %d requests per minute and counts
them as Laravel's throttle does. A response takes %g to %g s unless the workload
says otherwise.

- *Failed* calls returned an error. Durations in cells with failures are not
  comparable.
- *Rejected* requests got a 429.
- A bulk job is the client's own bulk method if it has one: only funnel does.
  For all others it is a loop over the calls from %d goroutines.

Latencies are seeded but scheduling is not, so the figures of two runs differ
slightly.

## At a glance

`, runtime.Version(), documented.n, network.base.Seconds(), (network.base + network.jitter).Seconds(), bulkGoroutines)
	c.glance(&b)
	b.WriteString("\n![Completed calls over time, by client](completed.svg)\n\n## Workloads\n\n")
	for _, w := range c.workloads {
		fmt.Fprintf(&b, "- **%s**: %s\n", w.title, w.what)
	}
	c.waitTable(&b)
	c.costTable(&b)
	b.WriteString("\n## How each client is set up\n\n")
	for _, p := range c.peers {
		fmt.Fprintf(&b, "- **%s**%s: %s\n", p.name, versions(p.modules), p.setup)
	}
	return b.String()
}

// glance writes a table with a row per workload and a column per peer.
func (c *comparison) glance(b *strings.Builder) {
	head := []string{"workload"}
	for _, p := range c.peers {
		head = append(head, p.name)
	}
	var rows [][]string
	for i, w := range c.workloads {
		row := []string{w.title}
		for j := range c.peers {
			row = append(row, w.summary(c.results[i][j]))
		}
		rows = append(rows, row)
	}
	cost := []string{"Time of a call, by hand = 1"}
	for i := range c.peers {
		cost = append(cost, fmt.Sprintf("%.2f", c.costs[i].times()))
	}
	table(b, head, append(rows, cost))
}

// summary states the main figures of a result, the worst first.
func (w workload) summary(r result) string {
	if w.broken == throughout {
		return fmt.Sprintf("%.2f requests per call, %s", float64(r.requests)/float64(r.calls), seconds(r.took))
	}
	var parts []string
	if r.failed > 0 {
		parts = append(parts, fmt.Sprintf("**%d failed**", r.failed))
	}
	if r.rejected > 0 {
		parts = append(parts, fmt.Sprintf("%d rejected", r.rejected))
	}
	if w.every > 0 {
		parts = append(parts, "p99 "+seconds(r.percentile(99)))
	}
	return strings.Join(append(parts, seconds(r.took)), ", ")
}

// waitTable writes the waiting times of the interactive workloads side by side.
func (c *comparison) waitTable(b *strings.Builder) {
	b.WriteString("\n## Waiting time of interactive calls\n\nThe time from an interactive call to its result or error, next to a bulk job. " +
		"It includes the 0.2 s\nof the response. The last two columns of each workload say how many of the calls failed: " +
		"interactive ones, and calls\nof the job.\n\n" +
		"![Waiting time of interactive calls next to a bulk job, by client](waiting.svg)\n\n")
	head := []string{"client"}
	rows := make([][]string, len(c.peers))
	for i, p := range c.peers {
		rows[i] = []string{p.name}
	}
	for i, w := range c.workloads {
		if w.every == 0 {
			continue
		}
		head = append(head, fmt.Sprintf("every %g s: p50", w.every.Seconds()), "p95", "p99", "failed", "job failed")
		for j := range c.peers {
			r := c.results[i][j]
			rows[j] = append(rows[j], seconds(r.percentile(50)), seconds(r.percentile(95)), seconds(r.percentile(99)),
				fmt.Sprint(r.interactiveFailed), fmt.Sprint(r.failed-r.interactiveFailed))
		}
	}
	table(b, head, rows)
}

func (c *comparison) costTable(b *strings.Builder) {
	b.WriteString("\n## Cost of a call\n\nIn real time, with an in-memory transport that responds immediately, next to the same call written by hand\n" +
		"with net/http and encoding/json. The code by hand has a timeout if the client has one (the first two). All took\n" +
		"turns on one core in one run. A time is the median of the turns.\n\n")
	rows := make([][]string, len(c.peers))
	for i, p := range c.peers {
		own, hand := c.costs[i].peer, c.costs[i].byHand
		rows[i] = []string{
			p.name, micros(own.time), micros(hand.time), fmt.Sprintf("%.2f", c.costs[i].times()),
			fmt.Sprint(own.allocs), fmt.Sprint(hand.allocs), fmt.Sprint(own.bytes), fmt.Sprint(hand.bytes),
		}
	}
	table(b, []string{"client", "time", "by hand", "ratio", "allocations", "by hand", "bytes", "by hand"}, rows)
}

// table writes a table. All columns but the first are right-aligned.
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

// versions returns the modules with their versions in go.mod, in parentheses.
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
