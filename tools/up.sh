# Sourced by ./dev: up, from nothing to a token.
# shellcheck shell=bash

SERVICE=investsuite.credentialbroker.v1.CredentialBrokerService
BROKER=
BROKER_LOG=

up() {
  local once='' serving address sandbox ca first token version answer
  case ${1-} in
    --once) once=yes ;;
    '') ;;
    *) fail "up does not know \"$1\"" "It is ./dev up or ./dev up --once." ;;
  esac
  need build
  build_preset release bin/credential-broker || exit 1

  say "==> Starting a broker, and a sandbox that stands in for InvestSuite's API, HTTPS between them"
  trap stop_broker EXIT
  trap 'exit 0' INT TERM
  start_broker serving
  address=$(field grpc "$serving")
  sandbox=$(field sandbox "$serving")
  ca=$LOGS/sandbox-ca.pem
  say "    gRPC on $address, sandbox on $sandbox"
  say "    a page to look at: http://$(field http "$serving")/statusz"

  say "==> 1. Login: the broker logs in, and gives its token to whoever may have it"
  first=$(get_token "$address" '{}')
  version=$(field version "$first")
  say "    version $version"

  say "==> 2. Refresh: a caller says that this version is refused, the broker gets the next one"
  token=$(get_token "$address" "{\"rejected_version\": \"$version\"}")
  if [[ $(field version "$token") == "$version" ]]; then fail "the broker gave the refused version once more"; fi
  say "    version $(field version "$token")"
  token=$(field value "$token")

  say "==> 3. Call: GET $sandbox/users/ with that token"
  # By a file descriptor: a command line is readable by everybody on the machine.
  answer=$(curl --silent --show-error --fail-with-body --max-time 10 --cacert "$ca" \
    --header @<(echo "authorization: Bearer $token") "$sandbox/users/") ||
    fail "the API refused the token: $answer"
  say "    $answer"

  if [[ ! $once ]]; then say "" "The token:"; fi
  echo "$token"
  if [[ $once ]]; then return; fi
  say "
The next one, by gRPC:
  .tools/bin/grpcurl -plaintext $address $SERVICE/GetToken
Or with the broker's own command:
  build/release/bin/credential-broker token print --plaintext --address $address

The broker's log follows. Ctrl-C ends it."
  cat <&"$BROKER_LOG" >&2
}

# start_broker VARIABLE: starts it and puts its "serving" event, which names its addresses, in that variable.
start_broker() {
  local -n event=$1
  local pipe line
  pipe=$(mktemp -u)
  mkfifo -m 600 "$pipe"
  build/release/bin/credential-broker serve --dev --listen "$(free_address 8443 gRPC)" \
    --http-listen "$(free_address 9090 http)" --sandbox-ca-out "$LOGS/sandbox-ca.pem" \
    >&2 2>"$pipe" &
  BROKER=$!
  exec {BROKER_LOG}<"$pipe"
  rm "$pipe"
  : >"$LOGS/up.log"
  while IFS= read -r -t 60 -u "$BROKER_LOG" line; do
    echo "$line" >>"$LOGS/up.log"
    if [[ $line == *serving* ]]; then
      # shellcheck disable=SC2034  # a reference to the caller's variable
      event=$line
      return
    fi
  done
  sed 's/^/    /' "$LOGS/up.log" >&2
  fail "the broker did not start; what it logged stands above"
}

stop_broker() {
  if [[ $BROKER ]]; then
    kill -TERM "$BROKER" 2>/dev/null || true
    wait "$BROKER" 2>/dev/null || true
  fi
}

# free_address PORT WHAT: on loopback with that port, or with one that the system picks where it is taken.
free_address() {
  if (: <>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; then
    say "    port $1 is taken: $2 gets another"
    echo 127.0.0.1:0
  else
    echo "127.0.0.1:$1"
  fi
}

get_token() {
  grpcurl -plaintext -max-time 20 -d "$2" "$1" "$SERVICE/GetToken" ||
    fail "the broker gave no token; its log: build/logs/up.log"
}

# field NAME TEXT: the string with that name in JSON or in name=value.
field() { sed -nE "s/.*[\" ,{]$1\"?[:=] ?\"?([^\", }]+).*/\1/p" <<<" $2" | head -n 1; }
