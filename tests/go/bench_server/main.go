// Command bench_server is a yardstick: what a team would write by hand with grpc-go. It answers GetToken with a
// token of a given size and checks nothing; SIGUSR1 is a new token for all who watch.
// Usage: bench_server PORT_FILE TOKEN_BYTES CERT_FILE KEY_FILE [CLIENT_CA_FILE]
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	pb "example.com/credential-broker/tests/go/credentialbrokerpb"
)

const version = "00000000000000000000000000"

type server struct {
	pb.UnimplementedCredentialBrokerServiceServer
	value string
	born  time.Time

	mutex   sync.Mutex
	changed chan struct{} // closed at the next token
}

func (s *server) token() *pb.AccessToken {
	expiry := s.born.Add(time.Hour)
	return &pb.AccessToken{
		Value:             s.value,
		TokenType:         "Bearer",
		ExpireTime:        timestamppb.New(expiry),
		RemainingValidity: durationpb.New(time.Until(expiry)),
		Version:           version,
		RefreshTime:       timestamppb.New(s.born.Add(time.Hour / 2)),
	}
}

func (s *server) GetToken(context.Context, *pb.GetTokenRequest) (*pb.GetTokenResponse, error) {
	return &pb.GetTokenResponse{Token: s.token()}, nil
}

func (s *server) WatchToken(
	_ *pb.WatchTokenRequest, stream grpc.ServerStreamingServer[pb.WatchTokenResponse],
) error {
	for {
		s.mutex.Lock()
		changed := s.changed
		s.mutex.Unlock()
		token := s.token()
		err := stream.Send(&pb.WatchTokenResponse{Token: token, Credential: &pb.Credential{
			Name:            "default",
			State:           pb.Credential_STATE_READY,
			Version:         version,
			ExpireTime:      token.ExpireTime,
			LastRefreshTime: timestamppb.New(s.born),
			NextRefreshTime: token.RefreshTime,
		}})
		if err != nil {
			return err
		}
		select {
		case <-changed:
		case <-stream.Context().Done():
			return nil
		}
	}
}

func (s *server) pushOn(signals <-chan os.Signal) {
	for range signals {
		s.mutex.Lock()
		close(s.changed)
		s.changed = make(chan struct{})
		s.mutex.Unlock()
	}
}

func run(args []string) error {
	if len(args) != 4 && len(args) != 5 {
		return errors.New("usage: bench_server PORT_FILE TOKEN_BYTES CERT_FILE KEY_FILE [CLIENT_CA_FILE]")
	}
	tokenBytes, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	pair, err := tls.LoadX509KeyPair(args[2], args[3])
	if err != nil {
		return err
	}
	config := &tls.Config{Certificates: []tls.Certificate{pair}}
	if len(args) == 5 {
		ca, err := os.ReadFile(args[4])
		if err != nil {
			return err
		}
		config.ClientCAs = x509.NewCertPool()
		config.ClientCAs.AppendCertsFromPEM(ca)
		config.ClientAuth = tls.RequireAndVerifyClientCert
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	port := fmt.Sprint(listener.Addr().(*net.TCPAddr).Port)
	if err := os.WriteFile(args[0]+".new", []byte(port), 0o600); err != nil {
		return err
	}
	if err := os.Rename(args[0]+".new", args[0]); err != nil {
		return err
	}
	grpcServer := grpc.NewServer(grpc.Creds(credentials.NewTLS(config)))
	service := &server{
		value: strings.Repeat("t", tokenBytes), born: time.Now(), changed: make(chan struct{})}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGUSR1)
	go service.pushOn(signals)
	pb.RegisterCredentialBrokerServiceServer(grpcServer, service)
	return grpcServer.Serve(listener)
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
