package source

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/periplus/periplus/aws"
	"github.com/periplus/periplus/periplus"
)

// A folder is what the name of a folder says of all that lies below it.
type folder struct {
	place    periplus.Place // each "" where the name does not say it yet
	from, to time.Time      // of the delivery windows; zero: not said
	known    bool           // it is within a layout that a cloud writes
	logs     bool           // within that layout, below the flow logs' own folder
	foreign  bool           // within that layout, below another service's folder
}

// folderOf reads the name of a folder, which ends in "/". Unlike Hint, which
// reads an object's whole name, it makes sense of a part of one.
func folderOf(name string) folder {
	segs := strings.Split(strings.TrimSuffix(name, "/"), "/")
	for i, s := range segs {
		switch {
		case s == "AWSLogs":
			return awsFolder(segs[i+1:])
		case strings.HasSuffix(s, ".googleapis.com"):
			return gcpFolder(segs[i:])
		case s == "flowLogResourceID=" || s == "resourceId=":
			return azureFolder(name, segs[i+1:])
		}
	}
	return folder{}
}

// awsFolder reads what follows AWSLogs/: [o-ORG/]ACCOUNT/vpcflowlogs/REGION/
// YYYY/MM/DD/[HH/], or the same as Hive keys.
func awsFolder(segs []string) folder {
	f := folder{known: true, place: periplus.Place{Provider: "aws"}}
	if len(segs) > 0 && strings.HasPrefix(segs[0], "o-") {
		segs = segs[1:]
	}
	var words [7]string // account, service, region, year, month, day, hour
	for i, s := range segs[:min(len(segs), len(words))] {
		if _, v, ok := strings.Cut(s, "="); ok {
			s = v
		}
		words[i] = s
	}
	f.place.Account, f.place.Region = words[0], words[2]
	f.logs = words[1] == "vpcflowlogs"
	f.foreign = words[1] != "" && !f.logs
	f.from, f.to = calendar(words[3:])
	return f
}

// gcpFolder reads SERVICE.googleapis.com/LOG/YYYY/MM/DD/.
func gcpFolder(segs []string) folder {
	f := folder{known: true, place: periplus.Place{Provider: "gcp"}}
	service := segs[0] == "compute.googleapis.com" || segs[0] == "networkmanagement.googleapis.com"
	if len(segs) == 1 {
		f.foreign = !service
		return f
	}
	f.logs = service && (segs[1] == "vpc_flows" || segs[1] == "firewall")
	f.foreign = !f.logs
	f.from, f.to = calendar(segs[2:])
	return f
}

// azureFolder reads what follows resourceId=/ or flowLogResourceID=/. What
// names the resource says everything but the time, so the time stands last.
func azureFolder(name string, segs []string) folder {
	f := folder{known: true, place: periplus.Place{Provider: "azure"}}
	var when []string
	for _, s := range segs {
		if key, v, ok := strings.Cut(s, "="); ok && len(when) < 4 && key == [...]string{"y", "m", "d", "h"}[len(when)] {
			when = append(when, v)
		}
	}
	if len(when) > 0 {
		f.place, _ = azure(name)
		f.logs = true
	}
	f.from, f.to = calendar(when)
	return f
}

// calendar is the span that year, month, day and hour say, as far as they are
// given; zero when they say none.
func calendar(words []string) (from, to time.Time) {
	n := [4]int{0, 1, 1, 0}
	given := 0
	for given < len(words) && given < len(n) {
		v, err := strconv.Atoi(words[given])
		if err != nil {
			break
		}
		n[given] = v
		given++
	}
	from = time.Date(n[0], time.Month(n[1]), n[2], n[3], 0, 0, 0, time.UTC)
	switch given {
	case 1:
		return from, from.AddDate(1, 0, 0)
	case 2:
		return from, from.AddDate(0, 1, 0)
	case 3:
		return from, from.AddDate(0, 0, 1)
	case 4:
		return from, from.Add(time.Hour)
	}
	return time.Time{}, time.Time{}
}

// may reports whether a folder may hold an object that is chosen.
func (c *Choice) may(f *folder) bool {
	if f.foreign || !in(c.Accounts, f.place.Account) || !in(c.Regions, f.place.Region) || !in(c.Logs, f.place.Log) {
		return false
	}
	return f.from.IsZero() || c.during(f.from, f.to)
}

// settled reports whether nothing below a folder can be left out by the folders
// in it, so that it is listed in one go.
func (c *Choice) settled(f *folder) bool {
	if !f.logs {
		return false
	}
	said := func(list []string, v string) bool { return len(list) == 0 || v != "" }
	if !said(c.Accounts, f.place.Account) || !said(c.Regions, f.place.Region) {
		return false
	}
	if c.From.IsZero() && c.To.IsZero() {
		return true
	}
	// All of its time is wanted, edges included.
	return !f.from.IsZero() && (c.From.IsZero() || !f.from.Before(c.From)) && (c.To.IsZero() || !f.to.After(c.To))
}

// during reports whether a delivery window may hold records of the time that is
// chosen: a delivery holds packets of its window and of up to Margin before it.
func (c *Choice) during(from, to time.Time) bool {
	if !c.To.IsZero() && from.After(c.To.Add(Margin)) {
		return false
	}
	return c.From.IsZero() || !to.Before(c.From)
}

// in reports whether a value is listed; what is not said may be.
func in(list []string, v string) bool {
	return len(list) == 0 || v == "" || slices.Contains(list, v)
}

// Layout is the layout of a cloud that an object's path is in, for people; ""
// for none.
func Layout(path string) string {
	hourly := func(m []string) string {
		if m[6] != "" {
			return ", hourly"
		}
		return ""
	}
	organisation := ""
	if orgPath.MatchString(path) {
		organisation = ", organisation"
	}
	if m := hive.FindStringSubmatch(path); m != nil {
		return "AWS S3, Hive" + hourly(m) + organisation
	}
	if m := dated.FindStringSubmatch(path); m != nil {
		return "AWS S3" + hourly(m) + organisation
	}
	if m := gcpPath.FindStringSubmatch(path); m != nil {
		return "Google Cloud Storage sink, " + m[2]
	}
	switch {
	case aws.IsGroup(path):
		return "CloudWatch Logs"
	case strings.Contains(path, "flowLogResourceID="):
		return "Azure, virtual network flow logs"
	case strings.Contains(path, "resourceId="):
		return "Azure, network security group flow logs"
	}
	if base := path[strings.LastIndexByte(path, '/')+1:]; awsName.MatchString(base) {
		return "AWS S3, file names"
	}
	return ""
}

// orgPath is AWSLogs/o-…/ before the account.
var orgPath = regexp.MustCompile(`(?:^|/)AWSLogs/o-[^/]+/`)
