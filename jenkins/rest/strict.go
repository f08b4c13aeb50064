package rest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"
)

// Bounds of an answer's shape. What was asked for is far inside of them.
const (
	maxDepth  = 64
	maxFields = 100
)

// strict tells what is wrong with a text that has to be one JSON document, and where, "" if nothing is. Decoders take more than that: further
// documents, invalid UTF-8, a field twice, of which the last one counts.
func strict(body []byte) (problem string, at int) {
	if len(bytes.TrimSpace(body)) == 0 {
		return "it is empty", 0
	}
	if !utf8.Valid(body) {
		return "it is not UTF-8", 0
	}
	if !json.Valid(body) {
		return malformed(body)
	}
	return shape(body)
}

// malformed says where invalid JSON goes wrong.
func malformed(body []byte) (problem string, at int) {
	var into json.RawMessage
	err := json.Unmarshal(body, &into)
	if syntax := (*json.SyntaxError)(nil); errors.As(err, &syntax) {
		return syntax.Error(), int(syntax.Offset)
	}
	return "it is not JSON", 0
}

// shape walks through valid JSON and tells which bound it is beyond.
func shape(body []byte) (problem string, at int) {
	const array = -1
	var open []int      // arrays, and objects with the place of their first field in fields
	var fields [][]byte // of the open objects
	for i := 0; i < len(body); i++ {
		switch body[i] {
		case '{':
			open = append(open, len(fields))
		case '[':
			open = append(open, array)
		case '}':
			last := len(open) - 1
			fields, open = fields[:open[last]], open[:last]
		case ']':
			open = open[:len(open)-1]
		case '"':
			text := quoted(body[i:])
			i += len(text) - 1
			if !bytes.HasPrefix(bytes.TrimLeft(body[i+1:], " \t\r\n"), []byte(":")) {
				continue
			}
			if problem := twice(fields[open[len(open)-1]:], text); problem != "" {
				return problem, i
			}
			fields = append(fields, text)
		}
		if len(open) > maxDepth {
			return fmt.Sprintf("it is nested more than %d levels deep", maxDepth), i
		}
	}
	return "", 0
}

// quoted returns the string at the start of valid JSON, in its quotes.
func quoted(body []byte) []byte {
	for i := 1; i < len(body); i++ {
		switch body[i] {
		case '\\':
			i++
		case '"':
			return body[:i+1]
		}
	}
	return body
}

// twice tells what is wrong with one more field of an object. Names that differ in case are the same to decoders.
func twice(fields [][]byte, name []byte) string {
	if len(fields) >= maxFields {
		return fmt.Sprintf("an object has more than %d fields", maxFields)
	}
	for _, c := range name {
		if c == '\\' || c >= utf8.RuneSelf {
			return fmt.Sprintf("field %s is none of Jenkins", clip(string(name)))
		}
	}
	for _, f := range fields {
		if len(f) == len(name) && bytes.EqualFold(f, name) {
			return fmt.Sprintf("field %s is there twice", clip(string(name)))
		}
	}
	return ""
}
