package client

import pb "github.com/atollkv/atoll/proto/atoll/v1"

// Clock returns a client of the Clock service of the node that calls go to. It is for
// tools; see [Client.Admin] for its errors.
func (c *Client) Clock() pb.ClockClient { return pb.NewClockClient(follower{c}) }
