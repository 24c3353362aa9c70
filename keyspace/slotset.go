package keyspace

import "github.com/atollkv/atoll/internal/slotset"

// SlotSet is a set of slots.
type SlotSet = slotset.Set

func allSlots() SlotSet { return slotset.All() }
