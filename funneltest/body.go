package funneltest

import (
	"errors"
	"io"
)

// maxBody is the largest request body that the server takes, PHP's own default.
const maxBody = 8 << 20

// readBody reads a request's body, and no more than one byte over maxBody.
func readBody(body io.Reader, length int64) ([]byte, error) {
	if body == nil || length == 0 {
		return nil, nil
	}
	if length < 0 || length > maxBody {
		return io.ReadAll(io.LimitReader(body, maxBody+1))
	}
	buf := make([]byte, length)
	_, err := io.ReadFull(body, buf)
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return buf, err
}
