package client

import (
	"fmt"
	"net"
	"strings"
)

const defaultPort = "7000"

// parseTarget returns the endpoints of a target as host:port.
func parseTarget(target string) ([]string, error) {
	list := strings.TrimSuffix(strings.TrimPrefix(target, "atoll://"), "/")
	if strings.Contains(list, "://") || strings.ContainsAny(list, "/?#@ ") {
		return nil, invalidTarget(target)
	}
	var endpoints []string
	for _, e := range strings.Split(list, ",") {
		host, port, err := net.SplitHostPort(e)
		if err != nil {
			host, port = strings.Trim(e, "[]"), defaultPort
			if strings.Contains(e, ":") && !strings.HasPrefix(e, "[") {
				return nil, invalidTarget(target)
			}
		}
		if host == "" || port == "" {
			return nil, invalidTarget(target)
		}
		endpoints = append(endpoints, net.JoinHostPort(host, port))
	}
	return endpoints, nil
}

func invalidTarget(target string) error {
	return &Error{
		Code: codeInvalid, Message: fmt.Sprintf("target %.128q is not understood", target),
		Hint: "write atoll://host:port,host:port",
	}
}
