// Package words answers: what are the words of a command line?
//
// The rules are those of redis-cli, and of Redis for what is typed into a connection. Words are separated by blanks. Inside double quotes the escapes
// \n \r \t \b \a \\ \" and \xHH stand for bytes; inside single quotes only \' is an escape. A closing
// quote must be followed by a blank or the end of the line. Words are bytes, not text: every byte can
// be written, so [Quote] and [Split] are inverse to each other for any value.
package words
