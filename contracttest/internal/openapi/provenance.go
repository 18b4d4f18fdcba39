package openapi

// Where a part of the contract comes from.
const (
	Documented = "documented"
	Assumed    = "assumed"
)

// Provenance says where a part of the contract comes from.
type Provenance struct {
	Source     string `yaml:"x-source"`     // Documented or Assumed
	Reference  string `yaml:"x-reference"`  // the words of the reference page
	Assumption string `yaml:"x-assumption"` // the key of the assumption that it rests on
}

// Documented reports whether the reference page says so.
func (p Provenance) Documented() bool { return p.Source == Documented }
