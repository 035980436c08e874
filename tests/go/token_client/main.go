// Command token_client fetches a token with grpc-go's generated stub and prints it: a caller as a bank's Go
// services would write one. Usage: token_client ADDRESS [CA_FILE CERT_FILE KEY_FILE]
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"

	pb "example.com/credential-broker/tests/go/credentialbrokerpb"
)

func transport(files []string) (credentials.TransportCredentials, error) {
	if len(files) == 0 {
		return insecure.NewCredentials(), nil
	}
	ca, err := os.ReadFile(files[0])
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(ca) {
		return nil, errors.New("no certificate in " + files[0])
	}
	pair, err := tls.LoadX509KeyPair(files[1], files[2])
	if err != nil {
		return nil, err
	}
	return credentials.NewTLS(&tls.Config{RootCAs: roots, Certificates: []tls.Certificate{pair}}), nil
}

func run(args []string) error {
	if len(args) != 1 && len(args) != 4 {
		return errors.New("usage: token_client ADDRESS [CA_FILE CERT_FILE KEY_FILE]")
	}
	creds, err := transport(args[1:])
	if err != nil {
		return err
	}
	conn, err := grpc.NewClient(args[0], grpc.WithTransportCredentials(creds))
	if err != nil {
		return err
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	response, err := pb.NewCredentialBrokerServiceClient(conn).GetToken(ctx, &pb.GetTokenRequest{})
	if err != nil {
		return err
	}
	fmt.Println(response.GetToken().GetValue())
	return nil
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
