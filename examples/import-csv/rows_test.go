package main

import (
	"strings"
	"testing"

	"github.com/funnel-go/funnel/examples/internal/tool"
)

func TestAFileWhoseRowsCannotBeToldApartIsRefusedBeforeAnythingIsSent(t *testing.T) {
	for _, test := range []struct {
		name, content, want string
	}{
		{"empty", "", "the file is empty: its first line should name the columns"},
		{"no column email", "mail,first_name\nada@example.com,Ada\n", `line 1: no column is named email; those there are: ["mail" "first_name"]`},
		{"semicolons", "email;first_name\nada@example.com;Ada\n", `line 1: no column is named email; those there are: ["email;first_name"]`},
		{"a column without a name", "email,,tags\n", "line 1: column 2 has no name"},
		{"two columns of a name", "Email,company,EMAIL\n", `line 1: two columns are named "email"`},
		{"a quote within a cell", "email,company\nada@example.com,A\ngrace@example.com,The \"Navy\"\n", `line 3, column 23: bare " in non-quoted-field`},
		{"text after a quote", "email,company\n\"ada@example.com\"x,A\n", `line 2, column 17: extraneous or missing " in quoted-field`},
		{"a quote that is not closed", "email,company\nada@example.com,\"A\ngrace@example.com,B\n", `in the row that begins on line 2: is a quote not closed?`},
		{"a quote that is not closed, in a large file", "email,company\nada@example.com,A\ngrace@example.com,\"B" + strings.Repeat("\nx@example.com,X", 1<<16), "line 3: the row is longer than 256 KiB: is a quote not closed?"},
		{"a cell of 1 MB", "email,company\nada@example.com,A\ngrace@example.com," + strings.Repeat("x", 1<<20) + "\n", "line 3: the row is longer than 256 KiB"},
		{"not in UTF-8", "email,first_name\nada@example.com,Ada\nzoe@example.com,Zo\xeb\n", "line 3: the cell 2 is not in UTF-8: save the file as UTF-8"},
		{"in UTF-16", "\xff\xfee\x00m\x00a\x00i\x00l\x00", "line 1: the file is in UTF-16: save it as UTF-8"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t)
			p.write("in.csv", test.content)
			p.run(t.Context(), tool.ExitFailed, p.path("in.csv"))
			contains(t, p.stderr.String(), "import-csv: "+p.path("in.csv")+": ", test.want)
			equal(t, p.server.RequestCount(), 0)
		})
	}
}

func TestAFileThatIsNotThere(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.run(t.Context(), tool.ExitFailed, p.path("in.csv"))
	contains(t, p.stderr.String(), "in.csv: no such file")
}

func TestWhatSpreadsheetsAndExportsWriteIsRead(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("in.csv", "\uFEFF ID ,E-Mail,Email,First_Name,status,Company,custom:email,created_at\r\n"+
		"7,x, ada@example.com ,\"Ada \"\"Augusta\"\"\",unsubscribed,'=1+1,work@example.com,2024-01-02\r\n"+
		"\r\n"+
		"8,,grace@example.com,\"Grace\r\nBrewster\",,,,\r\n"+
		"9,,zoë@example.com,Zoë\r\n")
	p.run(t.Context(), exitRejects, p.path("in.csv"))
	contacts := p.contacts()
	ada := contacts["ada@example.com"]
	equal(t, ada.FirstName, `Ada "Augusta"`)
	equal(t, ada.Status, "unsubscribed")
	equal(t, len(ada.CustomFields), 3)
	equal(t, ada.CustomFields["E-Mail"], "x")
	equal(t, ada.CustomFields["email"], "work@example.com")
	equal(t, ada.CustomFields["Company"], "=1+1")
	equal(t, contacts["grace@example.com"].FirstName, "Grace\nBrewster")
	contains(t, p.read("in.csv.rejects.csv"), "\n3,6,columns: there are 4 where the header has 8,9,,zoë@example.com,Zoë\n")
}

func TestAFileWithoutRowsIsDone(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("in.csv", "email\n")
	p.run(t.Context(), tool.ExitDone, p.path("in.csv"))
	contains(t, p.stdout.String(), "All 0 rows of")
}

func TestTheReaderHoldsARowAtATime(t *testing.T) {
	t.Parallel()
	endless := &endlessRows{}
	rows, err := newRowReader(endless)
	if err != nil {
		t.Fatal(err)
	}
	if err := rows.skip(1000); err != nil {
		t.Fatal(err)
	}
	if ahead := endless.read - 1000*len(endlessRow); ahead > 16<<10 {
		t.Errorf("it has read %d bytes ahead", ahead)
	}
}

// endlessRows has more rows than fit in memory.
type endlessRows struct{ read int }

const endlessRow = "email,company,first_name,last_name\n"

func (r *endlessRows) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = endlessRow[r.read%len(endlessRow)]
		r.read++
	}
	return len(p), nil
}
