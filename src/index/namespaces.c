/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 *   namespace:symbol:usb_stor_suspend   usb_storage USB_STORAGE
 *   namespace:exporter:USB_STORAGE      usb_storage
 *
 * One blank behind the owner; the namespace goes to the end, and may hold blanks.
 */
#include "index/namespaces.h"

#include <errno.h>
#include <string.h>

#include "bytes/buf.h"
#include "bytes/diag.h"
#include "bytes/name.h"

const char *namespaces_may_hold(const char *ns)
{
	if (!ns[0])
		return "is empty";
	if (strlen(ns) > NAMESPACES_NAME_MAX)
		return "is longer than any that is written";
	return name_is_clean(ns) ? NULL : "holds a control character or a byte above 7 bits";
}

void namespaces_put_symbol(const char *owner, const char *ns, struct buf *out)
{
	buf_put_string(out, owner);
	buf_put_u8(out, ' ');
	buf_put_string(out, ns);
}

int namespaces_get_symbol(const char *value, struct namespace_export *ret_export, struct diag *diag)
{
	size_t n = strcspn(value, " ");

	if (n == 0 || value[n] != ' ' || namespaces_may_hold(value + n + 1) || !name_is_clean(value))
		return diag_plain(diag, -EBADMSG, "a namespace in it is malformed");
	*ret_export = (struct namespace_export){ value, n, value + n + 1 };
	return 0;
}
