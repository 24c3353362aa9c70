// Command atolld runs one Atoll node.
//
//	atolld --region eu --data-dir /var/lib/atoll
//	atolld --config atoll.yaml
//	atolld config check --config atoll.yaml
//	atolld config show --source
//
// Settings come from flags, ATOLL_* variables and a YAML file, in this order; atolld --help explains
// each. SIGTERM or SIGINT drains the node and ends it; a second one ends it at once.
//
// Exit codes: 0 clean stop; 1 other error; 2 usage; 65 data damaged; 70 an invariant failed; 74 disk
// error; 75 data directory in use; 78 configuration wrong.
package main
