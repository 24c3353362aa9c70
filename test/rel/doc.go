// Package rel repeats failures that near relatives of this system had, each as a test
// with the name of the product and its report. They run in process, on real shards
// over real stores; test/e2e has those that need processes. Beside them are rows of docs/consistency.md
// that no single package could test.
package rel
