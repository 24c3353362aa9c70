package keyspace

import (
	"bytes"

	"github.com/atollkv/atoll/internal/slotset"
)

// Slots is the number of slots that keys fall into.
const Slots = slotset.Slots

// SlotOf returns the slot of a key: CRC-16/XMODEM of its hash tag, the part between
// the first '{' and the next '}' if not empty, or else of the whole key, modulo 16384.
// It is the function of Redis Cluster (https://redis.io/docs/reference/cluster-spec/).
func SlotOf(key []byte) uint16 {
	if open := bytes.IndexByte(key, '{'); open >= 0 {
		if n := bytes.IndexByte(key[open+1:], '}'); n > 0 {
			key = key[open+1 : open+1+n]
		}
	}
	var crc uint16
	for _, b := range key {
		crc = crc<<8 ^ crcTable[byte(crc>>8)^b]
	}
	return crc % Slots
}

var crcTable = func() (t [256]uint16) {
	for i := range t {
		crc := uint16(i) << 8
		for range 8 {
			if crc&0x8000 != 0 {
				crc = crc<<1 ^ 0x1021
			} else {
				crc <<= 1
			}
		}
		t[i] = crc
	}
	return t
}()
