package membership

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"os"
)

// KeyBytes is the length of a gossip key: AES-256.
const KeyBytes = 32

// maxKeyFile bounds what is read of a key file.
const maxKeyFile = 4 << 10

// LoadKey reads a gossip key from a file that holds either 32 raw bytes or their base64 form in one
// line. The file must not be readable by others. Errors never contain the key.
func LoadKey(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		return nil, fmt.Errorf("%s is a directory; need a file with a key", path)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return nil, fmt.Errorf("%s is readable by others (%04o); chmod 600", path, mode)
	}
	data, err := io.ReadAll(io.LimitReader(f, maxKeyFile))
	if err != nil {
		return nil, err
	}
	return parseKey(path, data)
}

func parseKey(path string, data []byte) ([]byte, error) {
	if len(data) == KeyBytes {
		return data, nil
	}
	text := bytes.TrimSpace(data)
	if len(text) == 0 {
		return nil, fmt.Errorf("%s is empty; need %d bytes, raw or in base64", path, KeyBytes)
	}
	key, err := base64.StdEncoding.DecodeString(string(text))
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s: neither %d raw bytes (it has %d) nor base64", path, KeyBytes, len(data))
	case len(key) != KeyBytes:
		return nil, fmt.Errorf("%s: %d bytes; need %d", path, len(key), KeyBytes)
	}
	return key, nil
}
