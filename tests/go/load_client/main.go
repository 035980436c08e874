// Command load_client drives GetToken with grpc-go over mutual TLS and prints one JSON line of what it saw.
// The load is bounded by time and by calls in flight, and goes to loopback only.
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"sort"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"

	pb "example.com/credential-broker/tests/go/credentialbrokerpb"
)

type result struct {
	Calls    int     `json:"calls"`
	Failed   int     `json:"failed"`
	Seconds  float64 `json:"seconds"`
	PerSec   float64 `json:"calls_per_second"`
	P50Micro int64   `json:"p50_us"`
	P99Micro int64   `json:"p99_us"`
	Error    string  `json:"last_error,omitempty"`
}

func dial(address, ca, cert, key string) (*grpc.ClientConn, error) {
	pem, err := os.ReadFile(ca)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	config := &tls.Config{RootCAs: roots}
	if cert != "" {
		pair, err := tls.LoadX509KeyPair(cert, key)
		if err != nil {
			return nil, err
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return grpc.NewClient(address, grpc.WithTransportCredentials(credentials.NewTLS(config)))
}

// drive calls until `ctx` ends; the latencies in microseconds, how many calls failed, and how the last did.
func drive(ctx context.Context, client pb.CredentialBrokerServiceClient) ([]int64, int, error) {
	var latencies []int64
	var lastErr error
	failed := 0
	for ctx.Err() == nil {
		start := time.Now()
		_, err := client.GetToken(ctx, &pb.GetTokenRequest{})
		if ctx.Err() != nil {
			break
		}
		if err != nil {
			failed++
			lastErr = err
			continue
		}
		latencies = append(latencies, time.Since(start).Microseconds())
	}
	return latencies, failed, lastErr
}

func run() error {
	address := flag.String("address", "", "host:port on loopback")
	ca := flag.String("ca-file", "", "CA of the server")
	cert := flag.String("cert-file", "", "client certificate")
	key := flag.String("key-file", "", "its key")
	connections := flag.Int("connections", 8, "connections")
	inFlight := flag.Int("in-flight", 64, "calls in flight over all connections")
	duration := flag.Duration("duration", 3*time.Second, "how long")
	flag.Parse()

	host, _, err := net.SplitHostPort(*address)
	if err != nil || !net.ParseIP(host).IsLoopback() {
		return errors.New("--address must be a port on a loopback address")
	}
	var clients []pb.CredentialBrokerServiceClient
	for range *connections {
		conn, err := dial(*address, *ca, *cert, *key)
		if err != nil {
			return err
		}
		defer conn.Close()
		client := pb.NewCredentialBrokerServiceClient(conn)
		// The handshake is no part of what is measured.
		if _, err := client.GetToken(context.Background(), &pb.GetTokenRequest{}); err != nil {
			return err
		}
		clients = append(clients, client)
	}

	// Not a deadline: it would travel with each call, and the last ones would be late by design.
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	time.AfterFunc(*duration, cancel)
	var mu sync.Mutex
	var wait sync.WaitGroup
	var all []int64
	failed := 0
	lastError := ""
	start := time.Now()
	for i := range *inFlight {
		wait.Add(1)
		go func() {
			defer wait.Done()
			latencies, bad, err := drive(ctx, clients[i%len(clients)])
			mu.Lock()
			defer mu.Unlock()
			all = append(all, latencies...)
			failed += bad
			if err != nil {
				lastError = err.Error()
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
		Calls: len(all), Failed: failed, Seconds: seconds, PerSec: float64(len(all)) / seconds,
		P50Micro: all[len(all)/2], P99Micro: all[len(all)*99/100], Error: lastError,
	})
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
