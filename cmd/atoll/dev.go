package main
import "context"
var devFlags []flagHelp
func runDev(ctx context.Context, s *session, args []string) reply { return nilReply{} }
