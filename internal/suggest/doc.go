// Package suggest answers one question: which known word was meant?
package suggest
