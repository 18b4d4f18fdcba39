package funneltest

import (
	"fmt"
	"strconv"
	"strings"
)

// Money is kept as a whole number of cents: a float would lose some.

// parseCents reads "49", "49.9" and "49.90". More than two decimals, a sign
// and amounts of a billion or more are refused: none is the price of anything
// sold in a funnel.
func parseCents(amount string) (int64, error) {
	whole, fraction, dotted := strings.Cut(amount, ".")
	ok := isDigits(whole) && len(whole) <= 9
	if dotted {
		ok = ok && isDigits(fraction) && len(fraction) <= 2
	}
	if !ok {
		return 0, fmt.Errorf("funneltest: %q is no amount of money: want digits with at most two decimals, as in 49.90", amount)
	}
	return strconv.ParseInt(whole+(fraction + "00")[:2], 10, 64)
}

// formatCents writes an amount with two decimals.
func formatCents(cents int64) string {
	return fmt.Sprintf("%d.%02d", cents/100, cents%100)
}

func isDigits(s string) bool {
	for _, r := range s {
		if r < '0' || r > '9' {
			return false
		}
	}
	return s != ""
}
