package membership

import (
	"bytes"
	"encoding/hex"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func dial(address string) (net.Conn, error) { return net.Dial("tcp", address) }

func TestMetadataGolden(t *testing.T) {
	m := Member{Region: "eu", Node: "n1", Address: "h:1", HTTPAddress: ""}
	const want = "01" + // version
		"02" + "6575" + // region
		"02" + "6e31" + // node
		"03" + "683a31" + // address
		"00" // no HTTP address
	if got := hex.EncodeToString(m.appendMetadata(nil)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestMetadataRefuses(t *testing.T) {
	good := Member{Region: "eu", Node: "n1", Address: "h:1"}.appendMetadata(nil)
	tests := map[string][]byte{
		"nothing":                {},
		"a newer version":        append([]byte{2}, good[1:]...),
		"a cut end":              good[:len(good)-1],
		"a longer end":           append(bytes.Clone(good), 0),
		"too much":               append(bytes.Clone(good), make([]byte, maxMetadata)...),
		"no region":              Member{Node: "n"}.appendMetadata(nil),
		"a length in disguise":   {1, 0x82, 0x00, 'e', 'u', 1, 'n', 0, 0},
		"a length past the end":  {1, 200, 1, 'e'},
		"bytes that are no text": {1, 1, 0xff, 1, 'n', 0, 0},
	}
	for name, b := range tests {
		if m, err := decodeMetadata(b); !errors.Is(err, errMetadata) {
			t.Errorf("%s: got %+v, %v", name, m, err)
		}
	}
}

func FuzzMetadata(f *testing.F) {
	f.Add(Member{Region: "eu", Node: "n1", Address: "h:1", HTTPAddress: "h:2"}.appendMetadata(nil))
	f.Add([]byte{1, 200, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := decodeMetadata(b)
		if err == nil && !bytes.Equal(m.appendMetadata(nil), b) {
			t.Errorf("%x is read as %+v but not written so", b, m)
		}
	})
}

func TestLoadKey(t *testing.T) {
	raw := bytes.Repeat([]byte{0xfe}, KeyBytes)
	tests := []struct {
		name, content string
		mode          os.FileMode
		want          string // part of the error; empty: the key is read
	}{
		{"raw bytes", string(raw), 0o600, ""},
		{"base64 with a newline", "/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v4=\n", 0o600, ""},
		{"too short", "c2hvcnQ=", 0o600, "5 bytes; need 32"},
		{"not base64", "correct horse battery", 0o600, "neither 32 raw bytes (it has 21) nor base64"},
		{"empty", "\n", 0o600, "is empty; need 32 bytes"},
		{"readable by others", string(raw), 0o644, "readable by others (0644); chmod 600"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "key")
			if err := os.WriteFile(path, []byte(tt.content), tt.mode); err != nil {
				t.Fatal(err)
			}
			key, err := LoadKey(path)
			switch {
			case tt.want == "" && (err != nil || !bytes.Equal(key, raw)):
				t.Errorf("got %x, %v", key, err)
			case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
				t.Errorf("got %v, want %q", err, tt.want)
			case err != nil && strings.Contains(err.Error(), strings.TrimSpace(tt.content)) && tt.name != "empty":
				t.Errorf("the error tells the key: %v", err)
			}
		})
	}
	if _, err := LoadKey(t.TempDir()); err == nil || !strings.Contains(err.Error(), "is a directory") {
		t.Errorf("directory: %v", err)
	}
}
