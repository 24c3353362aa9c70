// Package freeport finds ports for the clusters that tests start.
package freeport
