// tokenserver hands out the tokens with which clients of a container registry prove what they may do,
// as https://distribution.github.io/distribution/spec/auth/token/ describes.
//
// Everybody may pull from public/*; a user of the users file may do everything. The users file has lines
// NAME:PASSWORD and is read anew for each request.
package main

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log"
	"net/http"
	"os"
	"strings"
	"time"
)

type access struct {
	Type    string   `json:"type"`
	Name    string   `json:"name"`
	Actions []string `json:"actions"`
}

type server struct {
	issuer, usersFile string
	lifetime          time.Duration
	key               *ecdsa.PrivateKey
	chain             []string
}

var errCredentials = errors.New("unknown user or wrong password")

// user checks the credentials. No credentials are the nameless user's.
func (s *server) user(name, password string) (string, error) {
	if name == "" {
		return "", nil
	}
	users, err := os.ReadFile(s.usersFile)
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(string(users)) {
		want := strings.TrimRight(line, "\r\n")
		if subtle.ConstantTimeCompare([]byte(want), []byte(name+":"+password)) == 1 {
			return name, nil
		}
	}
	return "", errCredentials
}

// grant reduces a scope, such as "repository:public/app:pull,push", to what the user may do.
func grant(user, scope string) (access, bool) {
	first, last := strings.Index(scope, ":"), strings.LastIndex(scope, ":")
	if first == last {
		return access{}, false
	}
	granted := access{Type: scope[:first], Name: scope[first+1 : last], Actions: []string{}}
	public := granted.Type == "repository" && strings.HasPrefix(granted.Name, "public/")
	for _, action := range strings.Split(scope[last+1:], ",") {
		if user != "" || public && action == "pull" {
			granted.Actions = append(granted.Actions, action)
		}
	}
	return granted, true
}

func encoded(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err) // nothing but strings, numbers and lists of them
	}
	return base64.RawURLEncoding.EncodeToString(text)
}

// token is a JSON web token of the algorithm ES256, with the certificate that its reader is to verify.
func (s *server) token(user, service string, granted []access, now time.Time) (string, error) {
	signed := encoded(map[string]any{"typ": "JWT", "alg": "ES256", "x5c": s.chain}) + "." +
		encoded(map[string]any{
			"iss": s.issuer, "sub": user, "aud": service, "access": granted, "jti": rand.Text(),
			"nbf": now.Add(-10 * time.Second).Unix(), "iat": now.Unix(), "exp": now.Add(s.lifetime).Unix(),
		})
	digest := sha256.Sum256([]byte(signed))
	r, v, err := ecdsa.Sign(rand.Reader, s.key, digest[:])
	if err != nil {
		return "", err
	}
	signature := make([]byte, 64)
	r.FillBytes(signature[:32])
	v.FillBytes(signature[32:])
	return signed + "." + base64.RawURLEncoding.EncodeToString(signature), nil
}

// ServeHTTP answers GET with HTTP credentials and POST of a form with a password.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	name, password, _ := r.BasicAuth()
	if r.Method == http.MethodPost {
		if grantType := r.PostFormValue("grant_type"); grantType != "password" {
			http.Error(w, "unsupported grant type", http.StatusBadRequest)
			return
		}
		name, password = r.PostFormValue("username"), r.PostFormValue("password")
	}
	user, err := s.user(name, password)
	if err != nil {
		log.Printf("%s %s: %v", r.Method, name, err)
		w.Header().Set("WWW-Authenticate", `Basic realm="tokens"`)
		http.Error(w, err.Error(), http.StatusUnauthorized)
		return
	}
	granted := []access{}
	for _, scopes := range r.Form["scope"] {
		for _, scope := range strings.Fields(scopes) {
			if one, ok := grant(user, scope); ok {
				granted = append(granted, one)
			}
		}
	}
	log.Printf("%s user=%q granted=%v", r.Method, user, granted)
	now := time.Now()
	token, err := s.token(user, r.Form.Get("service"), granted, now)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(map[string]any{
		"token": token, "access_token": token,
		"expires_in": int(s.lifetime.Seconds()), "issued_at": now.UTC().Format(time.RFC3339),
	})
}

func (s *server) loadKey(certFile, keyFile string) error {
	pair, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		return err
	}
	var ok bool
	if s.key, ok = pair.PrivateKey.(*ecdsa.PrivateKey); !ok || s.key.Params().BitSize != 256 {
		return fmt.Errorf("%s: not a P-256 key", keyFile)
	}
	for _, der := range pair.Certificate {
		if _, err := x509.ParseCertificate(der); err != nil {
			return err
		}
		s.chain = append(s.chain, base64.StdEncoding.EncodeToString(der))
	}
	return nil
}

func main() {
	s := &server{}
	listen := flag.String("listen", ":5002", "address to listen on")
	tlsCert := flag.String("tls-cert", "", "certificate of the server")
	tlsKey := flag.String("tls-key", "", "key of the server")
	tokenCert := flag.String("token-cert", "", "certificate that the registry trusts for tokens")
	tokenKey := flag.String("token-key", "", "key that signs the tokens")
	flag.StringVar(&s.issuer, "issuer", "", "name of the issuer, as the registry expects it")
	flag.StringVar(&s.usersFile, "users", "", "file of the users")
	flag.DurationVar(&s.lifetime, "lifetime", 5*time.Minute, "how long a token is good for")
	flag.Parse()
	if err := s.loadKey(*tokenCert, *tokenKey); err != nil {
		log.Fatal(err)
	}
	http.Handle("/token", s)
	log.Fatal(http.ListenAndServeTLS(*listen, *tlsCert, *tlsKey, nil))
}
