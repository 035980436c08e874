// Command load_client drives GetToken with grpc-go over mutual TLS and prints one JSON line of what it saw.
// The load is bounded by time and by calls in flight, and goes to loopback only.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"sort"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/status"

	pb "example.com/credential-broker/tests/go/credentialbrokerpb"
	"example.com/credential-broker/tests/go/loopback"
)

type result struct {
	Calls    int     `json:"calls"`
	Failed   int     `json:"failed"`
	Refused  int     `json:"refused"`
	Seconds  float64 `json:"seconds"`
	PerSec   float64 `json:"calls_per_second"`
	P50Micro int64   `json:"p50_us"`
	P99Micro int64   `json:"p99_us"`
	Error    string  `json:"last_error,omitempty"`
}

// How long calls may take that are in flight when the time is over; what is left then is lost.
const patience = 30 * time.Second

type seen struct {
	latencies       []int64 // in microseconds, of calls that were answered or refused
	failed, refused int
	lastError       error
}

// drive calls until `stop`, and waits for the last.
func drive(ctx context.Context, stop <-chan struct{}, client pb.CredentialBrokerServiceClient) seen {
	var s seen
	for {
		select {
		case <-stop:
			return s
		default:
		}
		start := time.Now()
		_, err := client.GetToken(ctx, &pb.GetTokenRequest{})
		switch status.Code(err) {
		case codes.OK:
		case codes.ResourceExhausted:
			s.refused++
		default:
			s.failed++
			s.lastError = err
			continue
		}
		s.latencies = append(s.latencies, time.Since(start).Microseconds())
	}
}

func run() error {
	var target loopback.Target
	target.Flags()
	connections := flag.Int("connections", 8, "connections")
	inFlight := flag.Int("in-flight", 64, "calls in flight over all connections")
	duration := flag.Duration("duration", 3*time.Second, "how long")
	flag.Parse()

	config, err := target.TLS()
	if err != nil {
		return err
	}
	var clients []pb.CredentialBrokerServiceClient
	for range *connections {
		conn, err := grpc.NewClient(target.Address, grpc.WithTransportCredentials(credentials.NewTLS(config)))
		if err != nil {
			return err
		}
		defer conn.Close()
		client := pb.NewCredentialBrokerServiceClient(conn)
		// The handshake is no part of what is measured.
		_, err = client.GetToken(context.Background(), &pb.GetTokenRequest{})
		if err != nil && status.Code(err) != codes.ResourceExhausted {
			return err
		}
		clients = append(clients, client)
	}

	// Not a deadline: it would travel with each call.
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	time.AfterFunc(*duration+patience, cancel)
	stop := make(chan struct{})
	time.AfterFunc(*duration, func() { close(stop) })
	var mu sync.Mutex
	var wait sync.WaitGroup
	var all []int64
	failed, refused := 0, 0
	lastError := ""
	start := time.Now()
	for i := range *inFlight {
		wait.Add(1)
		go func() {
			defer wait.Done()
			s := drive(ctx, stop, clients[i%len(clients)])
			mu.Lock()
			defer mu.Unlock()
			all = append(all, s.latencies...)
			failed += s.failed
			refused += s.refused
			if s.lastError != nil {
				lastError = s.lastError.Error()
			}
		}()
	}
	wait.Wait()
	seconds := time.Since(start).Seconds()
	if len(all) == 0 {
		return errors.New("no call succeeded")
	}
	sort.Slice(all, func(i, j int) bool { return all[i] < all[j] })
	return json.NewEncoder(os.Stdout).Encode(result{
		Calls: len(all), Failed: failed, Refused: refused, Seconds: seconds, PerSec: float64(len(all)) / seconds,
		P50Micro: all[len(all)/2], P99Micro: all[len(all)*99/100], Error: lastError,
	})
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
