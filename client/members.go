package client

import pb "github.com/atollkv/atoll/proto/atoll/v1"

// Membership returns a client of the Membership service of the node that calls go to. It is
// for tools; see [Client.Admin] for its errors.
func (c *Client) Membership() pb.MembershipClient { return pb.NewMembershipClient(follower{c}) }
