// Command rolling_client calls GetToken with grpc-go until its standard input ends, balanced and retried as a service config
// says; then it prints one JSON line of what it saw. A caller as a bank's Go services have it. It calls the addresses that it
// is given, or, given one name such as dns:///broker:8443, what gRPC resolves that to.
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
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

var (
	caFile     = flag.String("ca", "", "PEM file of the CA that the broker's certificate comes from")
	certFile   = flag.String("cert", "", "PEM file of a client certificate, with -key")
	keyFile    = flag.String("key", "", "PEM file of its key")
	tokenFile  = flag.String("token-file", "", "file of a ServiceAccount token, read again for each call")
	serverName = flag.String("server-name", "", "name that the broker's certificate must have, instead of the target's")
	config     = flag.String("service-config", "{}", "gRPC service config, JSON")
)

// bearer sends the token that the file holds at the time of the call, as kubelet replaces it.
type bearer string

func (file bearer) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	token, err := os.ReadFile(string(file))
	if err != nil {
		return nil, err
	}
	return map[string]string{"authorization": "Bearer " + strings.TrimSpace(string(token))}, nil
}

func (bearer) RequireTransportSecurity() bool { return true }

func dial(targets []string) (*grpc.ClientConn, error) {
	ca, err := os.ReadFile(*caFile)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(ca)
	secure := &tls.Config{RootCAs: roots, ServerName: *serverName}
	if *certFile != "" {
		pair, err := tls.LoadX509KeyPair(*certFile, *keyFile)
		if err != nil {
			return nil, err
		}
		secure.Certificates = []tls.Certificate{pair}
	}
	options := []grpc.DialOption{
		grpc.WithDefaultServiceConfig(*config), grpc.WithTransportCredentials(credentials.NewTLS(secure)),
	}
	if *tokenFile != "" {
		options = append(options, grpc.WithPerRPCCredentials(bearer(*tokenFile)))
	}
	if len(targets) == 1 && strings.Contains(targets[0], ":///") {
		return grpc.NewClient(targets[0], options...)
	}
	brokers := manual.NewBuilderWithScheme("brokers")
	var state resolver.State
	for _, address := range targets {
		state.Addresses = append(state.Addresses, resolver.Address{Addr: address})
	}
	brokers.InitialState(state)
	return grpc.NewClient("brokers:///all", append(options, grpc.WithResolvers(brokers))...)
}

func run(targets []string) error {
	if len(targets) == 0 {
		return errors.New("usage: rolling_client [flags] TARGET or ADDRESS…")
	}
	conn, err := dial(targets)
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
	flag.Parse()
	if err := run(flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
