package client

import "time"

// SendAgainFor bounds how long after the first time an increment may be sent again.
func SendAgainFor(d time.Duration) Option { return func(o *options) { o.sendAgain = d } }
