package respserver

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
)

// defaultUser is the name of the only user there is.
const defaultUser = "default"

// passwordKey tells the right password from others, in the same time whatever they are.
type passwordKey struct {
	set  bool
	salt [16]byte
	sum  [sha256.Size]byte
}

func newPasswordKey(password string) passwordKey {
	k := passwordKey{set: password != ""}
	rand.Read(k.salt[:]) // never fails
	k.sum = k.sumOf([]byte(password))
	return k
}

func (k *passwordKey) sumOf(password []byte) [sha256.Size]byte {
	return sha256.Sum256(append(append([]byte{}, k.salt[:]...), password...))
}

// admits tells whether user and password are right. Without a password every one is, as in Redis.
func (k *passwordKey) admits(user, password []byte) bool {
	sum := k.sumOf(password)
	right := subtle.ConstantTimeCompare(sum[:], k.sum[:]) & subtle.ConstantTimeCompare(user, []byte(defaultUser))
	return right == 1 || !k.set && string(user) == defaultUser
}
