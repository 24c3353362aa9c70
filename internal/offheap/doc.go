// Package offheap gives memory that the garbage collector neither walks nor counts: a large cache in the heap lets the heap
// grow by a part of the cache between two collections, all of it garbage.
package offheap
