// Package strictjson decodes JSON that people write. It accepts what
// encoding/json accepts, except for names that are unknown, misspelled or
// duplicated, and for null. It reports the line and the part of the document of
// each mistake.
package strictjson

import (
	"bytes"
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
)

// A Mistake is one mistake in a document.
type Mistake struct {
	Line int    // from 1
	Path string // such as "enrollments[2].faults[0].status"; empty for the whole document
	Text string
}

// Error returns one line, such as "line 3: enrollments[2].faults[0].at: it is
// null".
func (m Mistake) Error() string { return fmt.Sprintf("line %d: %s", m.Line, m.What()) }

// What returns the path and the text, without the line.
func (m Mistake) What() string {
	if m.Path == "" {
		return m.Text
	}
	return m.Path + ": " + m.Text
}

// Mistakes lists all mistakes in a document.
type Mistakes []Mistake

// Error returns one line for each mistake.
func (m Mistakes) Error() string {
	var lines []string
	for _, one := range m {
		lines = append(lines, one.Error())
	}
	return strings.Join(lines, "\n")
}

// Lines maps the path of each part of a document to the line on which the part
// begins.
type Lines map[string]int

// Of returns the line of a part or, if there is no such part, of the part that
// would contain it.
func (l Lines) Of(path string) int {
	for path != "" {
		if n, ok := l[path]; ok {
			return n
		}
		path = path[:max(strings.LastIndexAny(path, ".["), 0)]
	}
	return l[""]
}

// Unmarshal decodes a document into v, a pointer to a struct. Errors are of
// type Mistakes.
func Unmarshal(text []byte, v any) (Lines, error) {
	w := walker{text: text, lines: Lines{}}
	var whole json.RawMessage
	if err := json.Unmarshal(text, &whole); err != nil {
		var syntax *json.SyntaxError
		offset := 0
		if errors.As(err, &syntax) {
			offset = min(int(syntax.Offset), len(text))
		}
		return nil, Mistakes{{w.line(offset), "", strings.TrimPrefix(err.Error(), "json: ")}}
	}
	w.decoder = json.NewDecoder(bytes.NewReader(text))
	w.value("", reflect.TypeOf(v).Elem())
	if len(w.mistakes) > 0 {
		return nil, w.mistakes
	}
	if err := json.Unmarshal(text, v); err != nil { // should not happen
		return nil, Mistakes{{1, "", strings.TrimPrefix(err.Error(), "json: ")}}
	}
	return w.lines, nil
}

// A walker compares a document, which must be valid JSON, with a type.
type walker struct {
	text     []byte
	decoder  *json.Decoder
	lines    Lines
	mistakes Mistakes

	offset, counted int // the offset up to which lines were counted, and their number
}

// line returns the line of an offset. It is fast if offsets increase.
func (w *walker) line(offset int) int {
	if offset < w.offset {
		w.offset, w.counted = 0, 0
	}
	w.counted += bytes.Count(w.text[w.offset:offset], []byte("\n"))
	w.offset = offset
	return w.counted + 1
}

// start returns the offset at which the next value or name begins.
func (w *walker) start() int {
	at := int(w.decoder.InputOffset())
	return at + len(w.text[at:]) - len(bytes.TrimLeft(w.text[at:], " \t\r\n,:"))
}

func (w *walker) report(line int, path, format string, args ...any) {
	w.mistakes = append(w.mistakes, Mistake{line, path, fmt.Sprintf(format, args...)})
}

// value checks the next value, which is for a field of the given type.
func (w *walker) value(path string, t reflect.Type) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	at := w.start()
	w.lines[path] = w.line(at)
	isLeaf := leaf(t)
	switch {
	case t.Kind() == reflect.Struct && !isLeaf && w.text[at] == '{':
		w.object(path, t)
	case t.Kind() == reflect.Slice && !isLeaf && w.text[at] == '[':
		w.decoder.Token()
		for i := 0; w.decoder.More(); i++ {
			w.value(fmt.Sprintf("%s[%d]", path, i), t.Elem())
		}
		w.decoder.Token()
	default:
		var raw json.RawMessage
		w.decoder.Decode(&raw)
		w.leaf(path, raw, t)
	}
}

var (
	marshaled = reflect.TypeFor[json.Unmarshaler]()
	named     = reflect.TypeFor[encoding.TextUnmarshaler]()
	anything  = reflect.TypeFor[json.RawMessage]()
)

// leaf reports whether values of a type are decoded as a whole.
func leaf(t reflect.Type) bool {
	p := reflect.PointerTo(t)
	return p.Implements(marshaled) || p.Implements(named)
}

// object checks an object, whose first token comes next.
func (w *walker) object(path string, t reflect.Type) {
	w.decoder.Token()
	fields, seen := fieldsOf(t), map[string]bool{}
	for w.decoder.More() {
		line := w.line(w.start())
		token, _ := w.decoder.Token()
		name := token.(string)
		full := strings.TrimPrefix(path+"."+name, ".")
		field, ok := fields.byName[name]
		switch {
		case !ok:
			w.report(line, path, "unknown field %.80q, expected one of %s", name, strings.Join(fields.names, ", "))
			var skipped json.RawMessage
			w.decoder.Decode(&skipped)
			continue
		case seen[name]:
			w.report(line, full, "it is given twice")
		}
		seen[name] = true
		w.value(full, field)
	}
	w.decoder.Token()
}

type fields struct {
	names  []string
	byName map[string]reflect.Type
}

// fieldsOf returns the fields of a struct by their names in JSON.
func fieldsOf(t reflect.Type) fields {
	f := fields{byName: map[string]reflect.Type{}}
	for _, field := range reflect.VisibleFields(t) { // including those of embedded structs
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if name == "" || name == "-" {
			continue
		}
		f.names = append(f.names, name)
		f.byName[name] = field.Type
	}
	return f
}

// leaf checks a value that is decoded as a whole.
func (w *walker) leaf(path string, raw json.RawMessage, t reflect.Type) {
	line := w.lines[path]
	if t == anything {
		return
	}
	if string(raw) == "null" {
		w.report(line, path, "it is null; omit it instead")
		return
	}
	err := json.Unmarshal(raw, reflect.New(t).Interface())
	var wrong *json.UnmarshalTypeError
	switch {
	case err == nil:
	case errors.As(err, &wrong):
		w.report(line, path, "it is %.40s, expected %s", raw, expected(t))
	default:
		w.report(line, path, "%s", strings.TrimPrefix(err.Error(), "json: "))
	}
}

// expected describes the values of a type.
func expected(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Struct:
		return "an object in braces"
	case reflect.Slice:
		return "a list in brackets"
	case reflect.String:
		return "a string in quotes"
	case reflect.Bool:
		return "true or false"
	case reflect.Float64:
		return "a number"
	case reflect.Uint8:
		return "a whole number, 0 to 255"
	}
	return "a whole number"
}
