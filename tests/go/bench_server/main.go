// Command bench_server is a yardstick: what a team would write by hand with grpc-go. It answers GetToken with a
// token of a fixed size and checks nothing. Usage: bench_server PORT_FILE CERT_FILE KEY_FILE [CLIENT_CA_FILE]
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	pb "example.com/credential-broker/tests/go/credentialbrokerpb"
)

// As many bytes as the sandbox's JWT, so that all servers send the same.
const tokenBytes = 520

type server struct {
	pb.UnimplementedCredentialBrokerServiceServer
	value string
	born  time.Time
}

func (s *server) GetToken(context.Context, *pb.GetTokenRequest) (*pb.GetTokenResponse, error) {
	expiry := s.born.Add(time.Hour)
	return &pb.GetTokenResponse{Token: &pb.AccessToken{
		Value:             s.value,
		TokenType:         "Bearer",
		ExpireTime:        timestamppb.New(expiry),
		RemainingValidity: durationpb.New(time.Until(expiry)),
		Version:           "00000000000000000000000000",
		RefreshTime:       timestamppb.New(s.born.Add(time.Hour / 2)),
	}}, nil
}

func run(args []string) error {
	if len(args) != 3 && len(args) != 4 {
		return errors.New("usage: bench_server PORT_FILE CERT_FILE KEY_FILE [CLIENT_CA_FILE]")
	}
	pair, err := tls.LoadX509KeyPair(args[1], args[2])
	if err != nil {
		return err
	}
	config := &tls.Config{Certificates: []tls.Certificate{pair}}
	if len(args) == 4 {
		ca, err := os.ReadFile(args[3])
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
	pb.RegisterCredentialBrokerServiceServer(
		grpcServer, &server{value: strings.Repeat("t", tokenBytes), born: time.Now()})
	return grpcServer.Serve(listener)
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
