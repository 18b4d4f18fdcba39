package openapi

// Where a part of the contract comes from.
const (
	Documented = "documented"
	Assumed    = "assumed"
)

// Provenance says where a part of the contract comes from.
type Provenance struct {
	Source     string `yaml:"x-source"`     // Documented or Assumed
	Reference  string `yaml:"x-reference"`  // the page, if it is documented
	Assumption string `yaml:"x-assumption"` // the assumption, if it is assumed
}

// Documented reports whether a page of the vendor's reference shows it.
func (p Provenance) Documented() bool { return p.Source == Documented }
