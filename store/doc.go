// Package store answers one question: where is it kept?
package store
