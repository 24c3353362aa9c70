// Package slotset holds sets of the 16,384 slots that keys fall into.
package slotset
