package crdt

import "github.com/atollkv/atoll/clock"

// Dots names the updates that the header's state comes from, in no order.
func (h *Header) Dots() []clock.Dot {
	text := h.text()
	dots := text.Dots()
	for _, c := range h.Claims {
		dots = append(dots, c.Dot)
	}
	for _, d := range h.Expiry {
		dots = append(dots, d.Dot)
	}
	return dots
}
