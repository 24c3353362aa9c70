package namespace

// A full key is
//
//	user key                             in the default namespace, if the user key does not begin with ff
//	ff ‖ length of the name u8 ‖ name ‖ user key    in all others; the length is 0 in the default namespace
//
// so that most keys are their own full keys, and no two keys have one. Full keys sort by namespace: the default one
// first, then shorter names first.
const mark = 0xff

// Key returns the full key of a key in a namespace. It is the key itself where it can be.
func (n Name) Key(user []byte) []byte {
	if n == Default && (len(user) == 0 || user[0] != mark) {
		return user
	}
	return n.marked(user)
}

// marked is apart from Key so that Key costs no call where it does nothing.
func (n Name) marked(user []byte) []byte {
	return append(AppendHead(make([]byte, 0, 2+len(n)+len(user)), []byte(n), user), user...)
}

// AppendHead appends what a full key has before the user key: mostly nothing.
func AppendHead(b, name, user []byte) []byte {
	if len(name) == 0 && (len(user) == 0 || user[0] != mark) {
		return b
	}
	return append(append(b, mark, byte(len(name))), name...)
}

// Cut takes a full key apart; the parts share it. The name is empty in the default namespace.
func Cut(key []byte) (name, user []byte) {
	if len(key) < 2 || key[0] != mark {
		return nil, key
	}
	end := min(2+int(key[1]), len(key))
	return key[2:end], key[end:]
}

// Split is Cut with the name as one.
func Split(key []byte) (Name, []byte) {
	name, user := Cut(key)
	return Name(name), user
}

// Names tells whether a full key is one of another namespace than the default.
func Names(key []byte) bool { return len(key) > 1 && key[0] == mark && key[1] > 0 }

// Check tells whether bytes are the full key of something.
func Check(key []byte) bool {
	if len(key) == 0 || key[0] != mark {
		return true
	}
	if len(key) < 2 || len(key) < 2+int(key[1]) {
		return false
	}
	name, user := Cut(key)
	if len(name) == 0 {
		return len(user) > 0 && user[0] == mark
	}
	return Valid(name)
}

// Valid tells whether bytes are a name that a full key may have, and not that of the default namespace.
func Valid(name []byte) bool { return valid(string(name)) }
