// Package crashdisk is a file system in memory whose power can be lost at any moment, for tests.
package crashdisk
