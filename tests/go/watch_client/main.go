// Command watch_client opens many streams of a server-streaming method over mutual TLS and tells when each message
// has come to all of them. It reads HTTP/2 frames by itself and unpacks no message, so that it costs a fraction of
// what any of the servers does.
//
// On stdout, one JSON object a line: {"ready": …} once every stream has its first message, then a line for every
// message that all have got: how many messages that were, and the instants of the first and the last, in
// nanoseconds since 1970. It ends when stdin does.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"example.com/credential-broker/tests/go/loopback"
)

// No run of the benchmark pushes as often.
const maxPushes = 1 << 14

// How many handshakes go on at once: more would only wait for the two cores.
const maxHandshakes = 16

type push struct {
	arrived, first, last atomic.Int64
}

// Arrivals counts messages by their place in their stream: message 3 has come once all streams have three.
type arrivals struct {
	streams int64
	pushes  [maxPushes]push
	out     *json.Encoder
	mutex   sync.Mutex
	began   time.Time
}

// note that a stream has its message number `n`, counted from 0.
func (a *arrivals) note(n int) {
	if n >= maxPushes {
		return
	}
	now := time.Now().UnixNano()
	p := &a.pushes[n]
	p.first.CompareAndSwap(0, now)
	for last := p.last.Load(); last < now && !p.last.CompareAndSwap(last, now); last = p.last.Load() {
	}
	if p.arrived.Add(1) == a.streams {
		a.tell(n, p)
	}
}

func (a *arrivals) tell(n int, p *push) {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	line := map[string]any{"push": n, "messages": a.streams, "first_ns": p.first.Load(), "last_ns": p.last.Load()}
	if n == 0 {
		line = map[string]any{"ready": a.streams, "seconds": time.Since(a.began).Seconds()}
	}
	if err := a.out.Encode(line); err != nil {
		os.Exit(1)
	}
}

func run() error {
	var target loopback.Target
	target.Flags()
	connections := flag.Int("connections", 100, "connections")
	streams := flag.Int("streams", 10000, "streams over all connections")
	method := flag.String("method",
		"/investsuite.credentialbroker.v1.CredentialBrokerService/WatchToken", "called with an empty message")
	flag.Parse()
	config, err := target.TLS()
	if err != nil {
		return err
	}
	if *connections < 1 || *streams < *connections {
		return errors.New("there must be a connection, and a stream for each")
	}
	seen := &arrivals{streams: int64(*streams), out: json.NewEncoder(os.Stdout), began: time.Now()}
	failed := make(chan error, *connections)
	handshakes := make(chan struct{}, maxHandshakes)
	for i := range *connections {
		count := *streams / *connections
		if i < *streams%*connections {
			count++
		}
		go func() {
			handshakes <- struct{}{}
			connection, err := dial(target.Address, config)
			<-handshakes
			if err == nil {
				err = connection.watch(*method, count, seen.note)
			}
			failed <- err
		}()
	}
	ended := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		close(ended)
	}()
	select {
	case err := <-failed:
		return err
	case <-ended:
		return nil
	}
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
