package main

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// So wide that neither side ever waits for a window.
const window = 1 << 30

// Length and flags of a gRPC message.
const prefixSize = 5

// A stream and where in a message it stands.
type stream struct {
	messages int
	prefix   [prefixSize]byte
	have     int // of the prefix
	left     int // of the message after it
}

// take counts the messages that end in `data`.
func (s *stream) take(data []byte, note func(int)) {
	for len(data) > 0 {
		if s.have < prefixSize {
			n := copy(s.prefix[s.have:], data)
			s.have += n
			data = data[n:]
			if s.have < prefixSize {
				return
			}
			s.left = int(binary.BigEndian.Uint32(s.prefix[1:]))
		}
		n := min(s.left, len(data))
		s.left -= n
		data = data[n:]
		if s.left == 0 {
			note(s.messages)
			s.messages++
			s.have = 0
		}
	}
}

type connection struct {
	address string
	tls     *tls.Conn
	out     *bufio.Writer
	framer  *http2.Framer
}

func dial(address string, config *tls.Config) (*connection, error) {
	config = config.Clone()
	config.NextProtos = []string{"h2"}
	conn, err := tls.Dial("tcp", address, config)
	if err != nil {
		return nil, err
	}
	c := &connection{address: address, tls: conn, out: bufio.NewWriter(conn)}
	c.framer = http2.NewFramer(c.out, bufio.NewReaderSize(conn, 32<<10))
	c.framer.SetReuseFrames()
	if _, err := c.out.WriteString(http2.ClientPreface); err != nil {
		return nil, err
	}
	err = c.framer.WriteSettings(
		http2.Setting{ID: http2.SettingEnablePush, Val: 0},
		http2.Setting{ID: http2.SettingInitialWindowSize, Val: window})
	return c, errors.Join(err, c.framer.WriteWindowUpdate(0, window), c.out.Flush())
}

// watch opens `count` streams and reads until the connection ends.
func (c *connection) watch(method string, count int, note func(int)) error {
	// Beyond what the server allows it would end the connection: its SETTINGS come first.
	if frame, err := c.framer.ReadFrame(); err != nil {
		return err
	} else if err := c.answer(frame); err != nil {
		return err
	}
	streams := make([]stream, count)
	if err := c.open(method, count); err != nil {
		return err
	}
	for {
		frame, err := c.framer.ReadFrame()
		if err != nil {
			return err
		}
		if data, ok := frame.(*http2.DataFrame); ok {
			streams[(data.StreamID-1)/2].take(data.Data(), note)
			continue
		}
		if err := c.answer(frame); err != nil {
			return err
		}
	}
}

func (c *connection) open(method string, count int) error {
	var block bytes.Buffer
	encoder := hpack.NewEncoder(&block)
	for i := range count {
		block.Reset()
		for _, field := range [][2]string{
			{":method", "POST"}, {":scheme", "https"}, {":path", method}, {":authority", c.address},
			{"content-type", "application/grpc"}, {"te", "trailers"},
		} {
			if err := encoder.WriteField(hpack.HeaderField{Name: field[0], Value: field[1]}); err != nil {
				return err
			}
		}
		id := uint32(2*i + 1)
		err := c.framer.WriteHeaders(http2.HeadersFrameParam{
			StreamID: id, BlockFragment: block.Bytes(), EndHeaders: true})
		if err = errors.Join(err, c.framer.WriteData(id, true, make([]byte, prefixSize))); err != nil {
			return err
		}
	}
	return c.out.Flush()
}

// answer to what is no DATA. An error where a stream or the connection ends.
func (c *connection) answer(frame http2.Frame) error {
	switch f := frame.(type) {
	case *http2.SettingsFrame:
		if f.IsAck() {
			return nil
		}
		return errors.Join(c.framer.WriteSettingsAck(), c.out.Flush())
	case *http2.PingFrame:
		if f.IsAck() {
			return nil
		}
		return errors.Join(c.framer.WritePing(true, f.Data), c.out.Flush())
	case *http2.HeadersFrame:
		if !f.StreamEnded() {
			return nil
		}
		return fmt.Errorf("a stream ended: %s", statusOf(f.HeaderBlockFragment()))
	case *http2.RSTStreamFrame:
		return fmt.Errorf("a stream was reset: %v", f.ErrCode)
	case *http2.GoAwayFrame:
		return fmt.Errorf("the server said GOAWAY: %v", f.ErrCode)
	}
	return nil
}

// statusOf the fields of a last block, as far as they can be read without the ones before.
func statusOf(block []byte) string {
	text := ""
	decoder := hpack.NewDecoder(4096, func(field hpack.HeaderField) { text += field.Name + ": " + field.Value + " " })
	if _, err := decoder.Write(block); err != nil {
		text += "…"
	}
	return text
}
