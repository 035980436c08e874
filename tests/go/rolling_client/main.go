// Command rolling_client calls GetToken with grpc-go until its standard input ends, over all the addresses that it is
// given, balanced and retried as a service config says; then it prints one JSON line of what it saw. A caller as a
// bank's Go services have it: rolling_client CA_FILE CERT_FILE KEY_FILE SERVICE_CONFIG ADDRESS…
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/resolver"
	"google.golang.org/grpc/resolver/manual"

	pb "example.com/credential-broker/tests/go/credentialbrokerpb"
)

const (
	callers = 4
	pace    = 2 * time.Millisecond
)

type result struct {
	Calls  int    `json:"calls"`
	Failed int    `json:"failed"`
	Error  string `json:"last_error"`
}

func dial(args []string) (*grpc.ClientConn, error) {
	ca, err := os.ReadFile(args[0])
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(ca)
	pair, err := tls.LoadX509KeyPair(args[1], args[2])
	if err != nil {
		return nil, err
	}
	brokers := manual.NewBuilderWithScheme("brokers")
	var state resolver.State
	for _, address := range args[4:] {
		state.Addresses = append(state.Addresses, resolver.Address{Addr: address})
	}
	brokers.InitialState(state)
	config := &tls.Config{RootCAs: roots, Certificates: []tls.Certificate{pair}, ServerName: "localhost"}
	return grpc.NewClient("brokers:///all", grpc.WithResolvers(brokers), grpc.WithDefaultServiceConfig(args[3]),
		grpc.WithTransportCredentials(credentials.NewTLS(config)))
}

func run(args []string) error {
	if len(args) < 5 {
		return errors.New("usage: rolling_client CA_FILE CERT_FILE KEY_FILE SERVICE_CONFIG ADDRESS…")
	}
	conn, err := dial(args)
	if err != nil {
		return err
	}
	defer conn.Close()
	client := pb.NewCredentialBrokerServiceClient(conn)
	ended := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		close(ended)
	}()

	var mu sync.Mutex
	var wait sync.WaitGroup
	var seen result
	for range callers {
		wait.Add(1)
		go func() {
			defer wait.Done()
			ticks := time.NewTicker(pace)
			defer ticks.Stop()
			for {
				select {
				case <-ended:
					return
				case <-ticks.C:
				}
				ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
				_, err := client.GetToken(ctx, &pb.GetTokenRequest{})
				cancel()
				mu.Lock()
				seen.Calls++
				if seen.Calls == 1 {
					fmt.Println("calling")
				}
				if err != nil {
					seen.Failed++
					seen.Error = err.Error()
				}
				mu.Unlock()
			}
		}()
	}
	wait.Wait()
	return json.NewEncoder(os.Stdout).Encode(seen)
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
