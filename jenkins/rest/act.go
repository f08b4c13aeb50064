package rest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// maxMessage is how long a message may be that Jenkins keeps.
const maxMessage = 500

// act makes one change. A crumb is only sent where it is needed, and only an unknown one is fetched and tried again, once.
func (c *Client) act(ctx context.Context, name, path, lands string, form url.Values) error {
	if form == nil {
		form = url.Values{}
	}
	send := func(k *crumb) error {
		return c.post(ctx, &exchange{name: name, path: path, lands: lands, form: form, crumb: k})
	}
	k, err := c.crumbFor(ctx)
	if err != nil {
		return err
	}
	err = send(k)
	if !errors.Is(err, errCrumb) {
		return err
	}
	if k, err = c.freshCrumb(ctx); err != nil {
		return err
	}
	return send(k)
}

// Park takes a node offline for new builds, with a message; the build that it has goes on. It works on nodes that are not connected, too, and
// again, with a new message, on those that are parked already. The error wraps ErrNotFound if there is no such node.
func (c *Client) Park(ctx context.Context, name, message string) error {
	path, err := nodePath(name)
	if err != nil {
		return err
	}
	if message = line(message); message == "" {
		return fmt.Errorf("park %q: want a message that says why", name)
	}
	return c.change(ctx, name, "park", path+"/changeOfflineCause", offline(message))
}

// offline is the form with which the page of a node takes it offline.
func offline(message string) url.Values {
	text, _ := json.Marshal(map[string]string{"offlineMessage": message}) // strings do not fail
	return url.Values{"offlineMessage": {message}, "json": {string(text)}}
}

// change acts on a node, and makes sure that it is really gone if it is not found.
func (c *Client) change(ctx context.Context, name, what, path string, form url.Values) error {
	err := c.act(ctx, what, path, "/computer/"+name, form)
	if missing(err) {
		return c.gone(ctx, name)
	}
	return err
}

// Unpark brings a node back that is parked with a message that begins with marker. One that is not parked stays as it is. The error wraps
// ErrNotOurs if its message begins differently, ErrNotFound if there is no such node.
//
// Jenkins only has a toggle. It is given the message that the node has: should somebody else bring the node back at the same moment, then it is
// parked as it was, and not without a reason.
func (c *Client) Unpark(ctx context.Context, name, marker string) error {
	if marker == "" {
		return fmt.Errorf("unpark %q: want the beginning of our own messages", name)
	}
	now, err := c.Computer(ctx, name)
	switch {
	case err != nil:
		return err
	case !now.Parked:
		return nil
	case !strings.HasPrefix(now.OfflineReason, marker):
		return fmt.Errorf("unpark %q: %w: %s", name, ErrNotOurs, clip(now.OfflineReason))
	}
	path, err := nodePath(name)
	if err != nil {
		return err
	}
	return c.change(ctx, name, "unpark", path+"/toggleOffline", offline(now.OfflineReason))
}

// Forget deletes a node that is neither connected nor has work; one that is gone already is fine. The error wraps ErrInUse if it is.
//
// Jenkins would delete any node and end its builds. So this reads it right before.
func (c *Client) Forget(ctx context.Context, name string) error {
	now, err := c.Computer(ctx, name)
	switch {
	case errors.Is(err, ErrNotFound):
		return nil
	case err != nil:
		return err
	case now.BuiltIn:
		return fmt.Errorf("forget %q: it is the built-in node, which stays", name)
	case now.Connected:
		return fmt.Errorf("forget %q: %w: it is connected", name, ErrInUse)
	case !now.Idle || now.Busy > 0 || len(now.Builds) > 0:
		return fmt.Errorf("forget %q: %w: it has a build", name, ErrInUse)
	}
	path, err := nodePath(name)
	if err != nil {
		return err
	}
	err = c.act(ctx, "forget", path+"/doDelete", "/computer", nil)
	if missing(err) {
		if err = c.gone(ctx, name); errors.Is(err, ErrNotFound) {
			return nil
		}
	}
	return err
}

// QuietDown makes Jenkins start no further builds. It takes the right Overall/Manage, on older Jenkins Overall/Administer.
func (c *Client) QuietDown(ctx context.Context, reason string) error {
	reason = line(reason)
	return c.act(ctx, "quiet-down", "/quietDown", "", url.Values{"reason": {reason}, "message": {reason}}) // reason until 2.414, message since
}

// CancelQuietDown makes Jenkins start builds again.
func (c *Client) CancelQuietDown(ctx context.Context) error {
	return c.act(ctx, "cancel-quiet-down", "/cancelQuietDown", "", nil)
}

// line makes a message one short line. Jenkins takes all that is before the last " : " for its own words and cuts it off.
func line(text string) string {
	text = strings.Join(strings.Fields(strings.ToValidUTF8(text, "")), " ")
	for strings.Contains(text, " : ") {
		text = strings.ReplaceAll(text, " : ", ": ")
	}
	if len(text) > maxMessage {
		text = strings.ToValidUTF8(text[:maxMessage-3], "") + "..."
	}
	return text
}
