package differential

import "strconv"

// sketch draws a key that only commands on HyperLogLogs write, or delete.
func (d dice) sketch() string { return d.of("hll1", "hll2", "hll3") }

// many are elements of which some came before.
func (d dice) many() (list []string) {
	for range d.IntN(400) {
		list = append(list, "e"+strconv.Itoa(d.IntN(5000)))
	}
	return list
}

func init() {
	shapes = append(shapes,
		func(d dice) []string { return append([]string{"PFADD", d.sketch()}, d.some(d.value)...) },
		func(d dice) []string { return append([]string{"PFADD", d.sketch()}, d.many()...) },
		func(d dice) []string { return append([]string{"PFCOUNT"}, d.some(d.sketch)...) },
		func(d dice) []string { return append([]string{"PFMERGE"}, d.some(d.sketch)...) },
		func(d dice) []string { return []string{"PFCOUNT", d.of("a", "l", "hll1"), d.sketch()} },
		func(d dice) []string { return []string{d.of("DEL", "EXISTS"), d.sketch()} },
		func(d dice) []string { return []string{"COPY", d.sketch(), d.sketch(), "REPLACE"} },
	)
}
