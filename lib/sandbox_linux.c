/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sandbox's Linux half: namespaces, overlays, capabilities, Landlock, seccomp. Everything is
 * mounted in place over the user's own paths, so that code under test sees the paths it always saw.
 * Overlay layers are named by fd (/proc/self/fd/N): a path may hold any byte, mount options not.
 */
#include "lib/sandbox_impl.h"

#ifdef __linux__

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "lib/fs.h"
#include "lib/mem.h"

/* Inodes and bytes that all scratch layers of one sandbox share. */
#define SCRATCH_LIMITS "size=1g,nr_inodes=500k,mode=755"

static int __attribute__((format(printf, 2, 3))) fail(char *why, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(why, SANDBOX_WHY, fmt, args);
	va_end(args);
	return -1;
}

/* --- namespaces ------------------------------------------------------------------------------ */

static int write_proc(const char *path, const char *text)
{
	cf_autoclose int fd = open(path, O_WRONLY | O_CLOEXEC);

	return fd < 0 ? -1 : cf_write_all(fd, text, strlen(text));
}

/* Our own ids keep their numbers inside; nobody else's exist there. */
static int map_ids(uid_t uid, gid_t gid, char *why)
{
	char map[64];

	if (write_proc("/proc/self/setgroups", "deny") < 0 && errno != ENOENT)
		return fail(why, "setgroups: %s", strerror(errno));
	snprintf(map, sizeof(map), "%u %u 1", (unsigned)uid, (unsigned)uid);
	if (write_proc("/proc/self/uid_map", map) < 0)
		return fail(why, "uid_map: %s", strerror(errno));
	snprintf(map, sizeof(map), "%u %u 1", (unsigned)gid, (unsigned)gid);
	if (write_proc("/proc/self/gid_map", map) < 0)
		return fail(why, "gid_map: %s", strerror(errno));
	return 0;
}

/* Of this process, which leaves the host's namespaces once. */
static bool in_userns, own_proc;

static void raise_loopback(void)
{
	struct ifreq lo = {.ifr_name = "lo"};
	cf_autoclose int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	/* without it loopback is missing, which is no less safe */
	if (fd >= 0 && ioctl(fd, SIOCGIFFLAGS, &lo) == 0) {
		lo.ifr_flags |= IFF_UP | IFF_RUNNING;
		ioctl(fd, SIOCSIFFLAGS, &lo);
	}
}

int sandbox_os_unshare(const struct sandbox *s, char *why)
{
	int net = s->allow_network ? 0 : CLONE_NEWNET;
	int flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | net;
	uid_t uid = geteuid();
	gid_t gid = getegid();

	/* root needs no user namespace, and without one sees every file's owner as it is */
	if (uid != 0 || unshare(flags) < 0) {
		if (unshare(flags | CLONE_NEWUSER) < 0)
			return fail(why, "no namespaces: %s", strerror(errno));
		if (map_ids(uid, gid, why) < 0)
			return -1;
		in_userns = true;
	}
	if (net)
		raise_loopback();
	return SANDBOX_GOT_PID | (net ? SANDBOX_GOT_NET : 0);
}

void sandbox_os_die_with_parent(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
}

void sandbox_os_close_from(int first, bool on_exec)
{
	/* CLOSE_RANGE_CLOEXEC is 4; old kernels have neither, so the slow way for them */
	if (syscall(SYS_close_range, first, ~0u, on_exec ? 4u : 0u) == 0)
		return;
	for (int fd = first; fd < 65536; fd++) {
		if (on_exec)
			fcntl(fd, F_SETFD, FD_CLOEXEC);
		else
			close(fd);
	}
}

/* --- overlays --------------------------------------------------------------------------------- */

struct layer {
	char *path;    /* resolved */
	bool required; /* the project itself */
	int lower;     /* the directory as it is before anything is mounted over it */
};

/* A candidate's file where it really lies. */
struct placed {
	const struct overlay_file *file;
	char *path;
	bool written;
};

/* The text of /proc/self/mountinfo's fifth field, in place: octal escapes undone. */
static void unescape(char *s)
{
	char *to = s;

	for (; *s; s++) {
		if (s[0] == '\\' && s[1] >= '0' && s[1] <= '3' && s[2] && s[3]) {
			*to++ = (char)((s[1] - '0') * 64 + (s[2] - '0') * 8 + (s[3] - '0'));
			s += 3;
		} else {
			*to++ = *s;
		}
	}
	*to = '\0';
}

/* A file system mounted below a layer: cloned before the layer hides it, put back on top of it. */
struct submount {
	char *path;
	int tree;
};
struct submounts {
	struct submount *v;
	size_t n, cap;
};

/* The topmost mounts below path; what is mounted below those is theirs. */
static void find_submounts(const char *mountinfo, const char *path, struct submounts *subs)
{
	cf_autofree char *text = cf_strdup(mountinfo);
	char *save = NULL;

	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *field = line;
		bool inner = false;

		for (int i = 0; i < 4 && field; i++)
			field = (field = strchr(field, ' ')) ? field + 1 : NULL;
		if (!field)
			continue;
		field[strcspn(field, " ")] = '\0';
		unescape(field);
		for (size_t i = 0; i < subs->n; i++)
			inner |= cf_path_below(field, subs->v[i].path);
		if (inner || !strcmp(field, path) || !cf_path_below(field, path))
			continue;
		cf_grow(&subs->v, &subs->cap, subs->n + 1, sizeof(*subs->v));
		subs->v[subs->n++] = (struct submount){cf_strdup(field), -1};
	}
}

static void clone_submounts(struct submounts *subs)
{
	for (size_t i = 0; i < subs->n; i++)
		subs->v[i].tree = open_tree(AT_FDCWD, subs->v[i].path,
			OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
}

/* One that cannot be put back shows as the empty directory that it was mounted on. */
static void restore_submounts(struct submounts *subs)
{
	for (size_t i = 0; i < subs->n; i++)
		if (subs->v[i].tree >= 0)
			move_mount(
				subs->v[i].tree, "", AT_FDCWD, subs->v[i].path, MOVE_MOUNT_F_EMPTY_PATH);
}

static void submounts_release(struct submounts *subs)
{
	for (size_t i = 0; i < subs->n; i++) {
		free(subs->v[i].path);
		if (subs->v[i].tree >= 0)
			close(subs->v[i].tree);
	}
	free(subs->v);
}

/* Where path, which need not exist, really lies. Returns new. */
static char *resolve(const char *path)
{
	cf_autofree char *real = realpath(path, NULL), *dir = NULL, *above = NULL;

	if (real)
		return cf_steal(&real);
	if (!strcmp(path, "/"))
		return cf_strdup(path);
	dir = cf_path_dir(path);
	above = resolve(dir); /* as deep as a path has parts, and those are ours */
	return cf_path_join(above, strrchr(path, '/') + 1);
}

static void same_owner(int fd, const struct stat *st)
{
	/* of no use in a user namespace, where there is nobody else */
	if (fchown(fd, st->st_uid, st->st_gid) < 0)
		return;
}

/* Makes the directories of rel below the upper layer, each as it is in the lower. Opens the last. */
static int upper_dir(int upper, const char *base, const char *rel, char *why)
{
	cf_autofree char *copy = cf_strdup(rel), *below = cf_strdup(base);
	char *save = NULL;
	int dir = fcntl(upper, F_DUPFD_CLOEXEC, 3);

	for (char *part = strtok_r(copy, "/", &save); part; part = strtok_r(NULL, "/", &save)) {
		char *next = cf_path_join(below, part);
		struct stat st = {.st_mode = 0755, .st_uid = geteuid(), .st_gid = getegid()};
		int fd;

		free(below);
		below = next;
		if (stat(below, &st) == 0 && !S_ISDIR(st.st_mode)) {
			close(dir);
			return fail(why, "%s is not a directory", below);
		}
		if (mkdirat(dir, part, 0700) < 0 && errno != EEXIST)
			fd = -1;
		else
			fd = openat(dir, part, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		close(dir);
		if (fd < 0)
			return fail(why, "cannot lay %s over: %s", below, strerror(errno));
		same_owner(fd, &st);
		fchmod(fd, st.st_mode & 07777);
		dir = fd;
	}
	return dir;
}

/* Writes one of the candidate's files into the layer's upper directory. */
static int write_upper(int upper, const struct layer *l, const struct placed *p, char *why)
{
	cf_autofree char *rel = cf_path_relative(p->path, l->path);
	cf_autofree char *rel_dir = strchr(rel, '/') ? cf_path_dir(rel) : cf_strdup("");
	const char *name = strrchr(rel, '/') ? strrchr(rel, '/') + 1 : rel;
	struct stat st = {.st_mode = 0644, .st_uid = geteuid(), .st_gid = getegid()};
	struct timespec times[2] = {0};
	cf_autoclose int dir = upper_dir(upper, l->path, rel_dir, why), fd = -1;

	if (dir < 0)
		return -1;
	if (stat(p->path, &st) == 0 && !S_ISREG(st.st_mode))
		return fail(why, "%s is not a regular file", p->path);
	fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0 || cf_write_all(fd, p->file->data, p->file->n) < 0)
		return fail(why, "cannot lay %s over: %s", p->path, strerror(errno));
	same_owner(fd, &st);
	fchmod(fd, st.st_mode & 07777);
	times[0].tv_sec = times[1].tv_sec = sandbox_mtime(p->file->data, p->file->n);
	futimens(fd, times);
	return 0;
}

static bool in_layer(const struct layer *l, const struct submounts *subs, const char *path)
{
	bool yes = cf_path_below(path, l->path);

	for (size_t i = 0; i < subs->n; i++)
		yes &= !cf_path_below(path, subs->v[i].path);
	return yes;
}

/* The upper and work directories of one overlay: fds in dirs[]. */
static int make_upper(int stage, const struct stat *st, int dirs[2], char *why)
{
	static int number;
	char name[2][32];

	snprintf(name[0], sizeof(name[0]), "upper%d", ++number);
	snprintf(name[1], sizeof(name[1]), "work%d", number);
	for (int i = 0; i < 2; i++) {
		if (mkdirat(stage, name[i], 0700) < 0 ||
			(dirs[i] = openat(stage, name[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
			return fail(why, "scratch: %s", strerror(errno));
	}
	same_owner(dirs[0], st);
	fchmod(dirs[0], st->st_mode & 07777);
	return 0;
}

static int mount_overlay(const char *target, int lower, const int dirs[2], char *why)
{
	char options[160];

	/* a user namespace may not set the trusted.* attributes that overlays otherwise use */
	snprintf(options, sizeof(options),
		"lowerdir=/proc/self/fd/%d,upperdir=/proc/self/fd/%d,workdir=/proc/self/fd/%d%s", lower,
		dirs[0], dirs[1], in_userns ? ",userxattr" : "");
	if (mount("overlay", target, "overlay", MS_NOSUID | MS_NODEV, options) < 0)
		return fail(why, "overlay on %s: %s", target, strerror(errno));
	return 0;
}

static int mount_layer(const struct layer *l, const struct submounts *subs, int stage,
	struct placed *placed, int n, char *why)
{
	struct stat st;
	int dirs[2] = {-1, -1}, bad;

	if (l->lower < 0 || fstat(l->lower, &st) < 0)
		return fail(why, "%s: %s", l->path, strerror(errno));
	bad = make_upper(stage, &st, dirs, why);
	for (int i = 0; i < n && !bad; i++)
		if (!placed[i].written && in_layer(l, subs, placed[i].path))
			bad = write_upper(dirs[0], l, &placed[i], why);
	if (!bad)
		bad = mount_overlay(l->path, l->lower, dirs, why);
	for (int i = 0; i < n && !bad; i++)
		if (in_layer(l, subs, placed[i].path))
			placed[i].written = true;
	cf_close_fd(&dirs[0]);
	cf_close_fd(&dirs[1]);
	return bad;
}

/*
 * A directory below which other file systems are mounted: an ordinary user may lay no overlay over
 * it, which could show what those mounts hide. Its entries are put together again one by one in a
 * scratch directory: overlays for directories, files as they are, sockets and pipes not at all.
 */
#define MAX_MIRRORED 4000

static bool leads_to(const struct submounts *subs, const char *path, bool itself)
{
	for (size_t i = 0; i < subs->n; i++)
		if (cf_path_below(subs->v[i].path, path) && itself == !strcmp(subs->v[i].path, path))
			return true;
	return false;
}

static int attach_clone(const char *path, int dir, const char *name)
{
	cf_autoclose int tree =
		open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);

	return tree < 0 ? -1 : move_mount(tree, "", dir, name, MOVE_MOUNT_F_EMPTY_PATH);
}

static int mirror_folder(const char *path, int dir, const char *name, int stage, char *why)
{
	cf_autofree char *target = cf_asprintf("/proc/self/fd/%d/%s", dir, name);
	cf_autoclose int lower = open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int dirs[2] = {-1, -1}, bad;
	struct stat st;

	if (lower < 0 || fstat(lower, &st) < 0 || mkdirat(dir, name, 0700) < 0)
		return fail(why, "%s: %s", path, strerror(errno));
	bad = make_upper(stage, &st, dirs, why);
	if (!bad && mount_overlay(target, lower, dirs, why) < 0)
		attach_clone(path, dir, name); /* else it shows empty */
	cf_close_fd(&dirs[0]);
	cf_close_fd(&dirs[1]);
	return bad;
}

static int mirror(const char *path, int above, const char *name, const struct submounts *subs,
	int stage, int depth, char *why)
{
	cf_autoclose int dir = -1;
	struct dirent *e;
	struct stat st;
	DIR *d = opendir(path);
	int n = 0, bad = 0;

	if (!d || depth > 16 || stat(path, &st) < 0 || mkdirat(above, name, 0700) < 0 ||
		(dir = openat(above, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
		bad = fail(why, "%s: %s", path, strerror(errno));
	while (!bad && (e = readdir(d))) {
		cf_autofree char *from = cf_path_join(path, e->d_name);
		char link[PATH_MAX] = "";
		struct stat entry;

		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, "..") || lstat(from, &entry) < 0)
			continue;
		if (++n > MAX_MIRRORED)
			bad = fail(why, "%s: too many entries", path);
		else if (S_ISLNK(entry.st_mode) && readlink(from, link, sizeof(link) - 1) > 0)
			symlinkat(link, dir, e->d_name);
		else if (S_ISDIR(entry.st_mode) && leads_to(subs, from, true) &&
			 mkdirat(dir, e->d_name, 0700) == 0)
			attach_clone(from, dir, e->d_name);
		else if (S_ISDIR(entry.st_mode) && leads_to(subs, from, false))
			bad = mirror(from, dir, e->d_name, subs, stage, depth + 1, why);
		else if (S_ISDIR(entry.st_mode))
			bad = mirror_folder(from, dir, e->d_name, stage, why);
		else if (S_ISREG(entry.st_mode) && mknodat(dir, e->d_name, S_IFREG | 0600, 0) == 0)
			attach_clone(from, dir, e->d_name);
	}
	if (d)
		closedir(d);
	if (!bad) {
		same_owner(dir, &st);
		fchmod(dir, st.st_mode & 07777);
	}
	return bad;
}

/* A layer other than the project, which gets its own on top, put together from its entries. */
static int mount_mirror(const struct layer *l, const struct submounts *subs, int stage, char *why)
{
	static int number;
	char name[32];

	if (l->required)
		return -1;
	snprintf(name, sizeof(name), "mirror%d", ++number);
	if (mirror(l->path, stage, name, subs, stage, 0, why) < 0)
		return -1;
	cf_autofree char *path = cf_asprintf("/proc/self/fd/%d/%s", stage, name);

	return attach_clone(path, AT_FDCWD, l->path);
}

/* --- the rest of what the code sees ------------------------------------------------------------- */

static const char *const devices[] = {
	"null", "zero", "full", "random", "urandom", "tty", NULL};

static int mount_dev(const int *nodes, char *why)
{
	static const char *const links[][2] = {{"/proc/self/fd", "/dev/fd"},
		{"/proc/self/fd/0", "/dev/stdin"}, {"/proc/self/fd/1", "/dev/stdout"},
		{"/proc/self/fd/2", "/dev/stderr"}, {"pts/ptmx", "/dev/ptmx"}};

	if (mount("tmpfs", "/dev", "tmpfs", MS_NOSUID | MS_NOEXEC, "size=512m,mode=755") < 0)
		return fail(why, "/dev: %s", strerror(errno));
	for (int i = 0; devices[i]; i++) {
		cf_autofree char *path = cf_path_join("/dev", devices[i]);
		int fd;

		if (nodes[i] < 0)
			continue;
		fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
		if (fd < 0 || move_mount(nodes[i], "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH) < 0) {
			if (fd >= 0)
				close(fd);
			return fail(why, "%s: %s", path, strerror(errno));
		}
		close(fd);
	}
	for (size_t i = 0; i < sizeof(links) / sizeof(*links); i++)
		if (symlink(links[i][0], links[i][1]) < 0)
			return fail(why, "%s: %s", links[i][1], strerror(errno));
	if (mkdir("/dev/shm", 0777) < 0 || chmod("/dev/shm", 01777) < 0 || mkdir("/dev/pts", 0755) < 0)
		return fail(why, "/dev/shm: %s", strerror(errno));
	/* programs without terminals are content without */
	mount("devpts", "/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=620");
	return 0;
}

static int hide(const char *path, char *why)
{
	struct stat st;
	int bad;

	if (stat(path, &st) < 0)
		return 0;
	if (S_ISDIR(st.st_mode))
		bad = mount("tmpfs", path, "tmpfs", MS_RDONLY | MS_NOSUID | MS_NODEV, "size=4k,mode=755");
	else
		bad = mount("/dev/null", path, NULL, MS_BIND, NULL);
	return bad < 0 ? fail(why, "cannot hide %s: %s", path, strerror(errno)) : 0;
}

static int hide_all(const struct sandbox *s, char *why)
{
	cf_autofree char *state = cf_path_join(s->project_root, ".codeflash");

	if (hide(state, why) < 0)
		return -1;
	for (const char *const *p = s->hide; p && *p; p++)
		if (hide(*p, why) < 0)
			return -1;
	return 0;
}

static void mount_proc(void)
{
	/*
	 * Refused where the host's own /proc is partly covered, as in most containers. The old one then
	 * stays, read-only; of the processes it shows none can be touched from this user namespace.
	 */
	own_proc = mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RDONLY, NULL) == 0;
}

void sandbox_os_mount_least(void)
{
	mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
	mount_proc();
}

/* A tmpfs that holds every upper layer. On top of "/", where no path leads; used by its fd. */
static int mount_stage(char *why)
{
	cf_autoclose int fs = fsopen("tmpfs", FSOPEN_CLOEXEC);
	cf_autofree char *limits = cf_strdup(SCRATCH_LIMITS);
	char *save = NULL;
	int stage;

	if (fs < 0)
		return fail(why, "tmpfs: %s", strerror(errno));
	for (char *key = strtok_r(limits, ",", &save); key; key = strtok_r(NULL, ",", &save)) {
		char *value = strchr(key, '=');

		*value++ = '\0';
		if (fsconfig(fs, FSCONFIG_SET_STRING, key, value, 0) < 0)
			return fail(why, "tmpfs %s: %s", key, strerror(errno));
	}
	if (fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return fail(why, "tmpfs: %s", strerror(errno));
	stage = fsmount(fs, 1 /* FSMOUNT_CLOEXEC */, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
	if (stage < 0 || move_mount(stage, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH) < 0) {
		if (stage >= 0)
			close(stage);
		return fail(why, "tmpfs: %s", strerror(errno));
	}
	return stage;
}

/* Fills layers[], outermost first; returns how many. */
static int choose_layers(const char *root, struct layer *layers)
{
	const char *const wanted[] = {"/tmp", "/var/tmp", getenv("HOME"), "/run"};
	int n = 0;

	layers[n++] = (struct layer){cf_strdup(root), true, -1};
	for (size_t i = 0; i < sizeof(wanted) / sizeof(*wanted); i++) {
		cf_autofree char *real = NULL;
		bool known = false;
		struct stat st;

		if (!wanted[i] || wanted[i][0] != '/')
			continue;
		real = realpath(wanted[i], NULL);
		if (!real || !strcmp(real, "/") || stat(real, &st) < 0 || !S_ISDIR(st.st_mode))
			continue;
		for (int j = 0; j < n; j++)
			known |= !strcmp(layers[j].path, real);
		if (!known)
			layers[n++] = (struct layer){cf_steal(&real), false, -1};
	}
	for (int i = 0; i < n; i++)
		layers[i].lower = open(layers[i].path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	for (int i = 1; i < n; i++)
		for (int j = i; j > 0 && strlen(layers[j].path) < strlen(layers[j - 1].path); j--) {
			struct layer l = layers[j];

			layers[j] = layers[j - 1];
			layers[j - 1] = l;
		}
	return n;
}

/* A layer that is mounted, and what of it is not the layer. */
struct done {
	const char *path;
	const struct submounts *subs;
	bool mirrored;
};

static bool covered(const struct done *done, int ndone, const char *path, bool by_overlay)
{
	bool yes = false;

	for (int i = 0; i < ndone; i++) {
		if (!cf_path_below(path, done[i].path) || (by_overlay && done[i].mirrored))
			continue;
		yes = true;
		for (size_t j = 0; j < done[i].subs->n; j++)
			yes &= !cf_path_below(path, done[i].subs->v[j].path);
	}
	return yes;
}

/* The overlays and, where they cannot be had, a home and a place for temporary files. */
static int mount_layers(const struct sandbox *s, const char *root, const char *mountinfo, int stage,
	struct placed *placed, char **home, char **tmp, char *why)
{
	struct layer layers[8];
	struct submounts mounted[8] = {{0}};
	struct done done[8];
	int n = choose_layers(root, layers), ndone = 0, bad = 0;
	/*
	 * An overlay copies up the folders on the way to what is written, and an ordinary user's cannot
	 * where they are somebody else's: the project has one of its own then, whatever it lies in.
	 */
	bool apart = geteuid() != 0;
	const char *own_home = getenv("HOME");
	cf_autofree char *real_home = own_home ? realpath(own_home, NULL) : NULL;

	for (int i = 0; i < n && !bad; i++) {
		struct submounts subs = {0};

		if (!(apart && layers[i].required) &&
			covered(done, ndone, layers[i].path, layers[i].required))
			continue;
		find_submounts(mountinfo, layers[i].path, &subs);
		clone_submounts(&subs);
		if (mount_layer(&layers[i], &subs, stage, placed,
			    apart && !layers[i].required ? 0 : s->nfiles, why) == 0) {
			restore_submounts(&subs);
			done[ndone++] = (struct done){layers[i].path, &mounted[i], false};
			mounted[i] = subs;
		} else if (subs.n && mount_mirror(&layers[i], &subs, stage, why) == 0) {
			done[ndone++] = (struct done){layers[i].path, &mounted[i], true};
			mounted[i] = subs;
		} else {
			submounts_release(&subs);
			bad = layers[i].required ? -1 : 0;
		}
	}
	for (int i = 0; i < s->nfiles && !bad; i++)
		if (!placed[i].written)
			bad = fail(why, "%s lies where nothing can be laid over it", placed[i].path);
	if (!bad) {
		/* sockets of the host's services: through an overlay they do not connect */
		if (!covered(done, ndone, "/run", false) && !cf_path_below(root, "/run"))
			mount("tmpfs", "/run", "tmpfs", MS_NOSUID | MS_NODEV, "size=16m,mode=755");
		*tmp = cf_strdup(covered(done, ndone, "/tmp", false) ? "/tmp" : "/dev/shm");
		if (!real_home || !covered(done, ndone, real_home, false))
			*home = cf_path_join(*tmp, "codeflash-home");
	}
	for (int i = 0; i < n; i++) {
		submounts_release(&mounted[i]);
		free(layers[i].path);
		cf_close_fd(&layers[i].lower);
	}
	return bad;
}

/* That the program will find the candidate's files is not left to reasoning about mounts. */
static int check_placed(const struct sandbox *s, char *why)
{
	for (int i = 0; i < s->nfiles; i++) {
		const struct overlay_file *f = &s->files[i];
		cf_autofree char *path = cf_path_join(s->project_root, f->path);
		cf_autoclose int fd = open(path, O_RDONLY | O_CLOEXEC);
		struct cf_buf b cf_autobuf = CF_BUF_INIT;

		if (fd < 0 || cf_read_fd(fd, path, &b) < 0 || b.len != f->n || memcmp(b.data, f->data, f->n))
			return fail(why, "%s cannot be laid over", f->path);
	}
	return 0;
}

int sandbox_os_mount(const struct sandbox *s, char **home, char **tmp, char *why)
{
	struct mount_attr readonly = {
		.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV};
	cf_autofree char *root = realpath(s->project_root, NULL);
	cf_autofree struct placed *placed = cf_calloc((size_t)s->nfiles + 1, sizeof(*placed));
	struct cf_buf mountinfo cf_autobuf = CF_BUF_INIT;
	cf_autoclose int stage = -1, info = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
	int nodes[sizeof(devices) / sizeof(*devices)], bad;

	if (!root || info < 0 || cf_read_fd(info, "/proc/self/mountinfo", &mountinfo) < 0)
		return fail(why, "%s: %s", root ? "/proc" : s->project_root, strerror(errno));
	for (int i = 0; i < s->nfiles; i++) {
		cf_autofree char *path = cf_path_join(root, s->files[i].path);

		placed[i].file = &s->files[i];
		placed[i].path = resolve(path);
	}
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return fail(why, "mounts cannot be made private: %s", strerror(errno));
	for (int i = 0; devices[i]; i++) {
		cf_autofree char *path = cf_path_join("/dev", devices[i]);

		nodes[i] = open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	}
	if (mount_setattr(AT_FDCWD, "/", AT_RECURSIVE, &readonly, sizeof(readonly)) < 0)
		return fail(why, "mounts cannot be made read-only: %s", strerror(errno));
	stage = mount_stage(why);
	bad = stage < 0 ? -1
			: mount_layers(s, root, mountinfo.data, stage, placed, home, tmp, why);
	for (int i = 0; i < s->nfiles; i++)
		free(placed[i].path);
	if (bad < 0 || hide_all(s, why) < 0 || mount_dev(nodes, why) < 0)
		return -1;
	mount_proc();
	if (*home && mkdir(*home, 0700) < 0 && errno != EEXIST)
		return fail(why, "%s: %s", *home, strerror(errno));
	return check_placed(s, why);
}

/* --- privileges --------------------------------------------------------------------------------- */

/* What a root user's program is used to and cannot hurt with read-only mounts. */
#define KEEP \
	(1u << CAP_CHOWN | 1u << CAP_DAC_OVERRIDE | 1u << CAP_FOWNER | 1u << CAP_FSETID)

static int drop_capabilities(char *why)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {{0}};
	unsigned keep = geteuid() == 0 ? KEEP : 0;

	for (int cap = 0; cap < 64; cap++)
		if ((cap >= 32 || !(keep & 1u << cap)) && prctl(PR_CAPBSET_DROP, cap) < 0 &&
			errno != EINVAL && errno != EPERM)
			return fail(why, "capabilities: %s", strerror(errno));
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	if (syscall(SYS_capget, &head, data) < 0)
		return fail(why, "capabilities: %s", strerror(errno));
	for (int i = 0; i < 2; i++) {
		data[i].permitted &= i ? 0 : keep;
		data[i].effective = data[i].permitted;
		data[i].inheritable = 0;
	}
	if (syscall(SYS_capset, &head, data) < 0)
		return fail(why, "capabilities: %s", strerror(errno));
	return 0;
}

/* Newer than the headers of the oldest system we build on. */
#define LL_TRUNCATE (1ull << 14)
struct ll_ruleset {
	uint64_t fs, net, scoped;
};

static void ll_allow(int ruleset, const char *path, uint64_t access)
{
	struct landlock_path_beneath_attr rule = {.allowed_access = access};
	cf_autoclose int fd = open(path, O_PATH | O_CLOEXEC);

	if (fd < 0)
		return;
	rule.parent_fd = fd;
	syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
}

/* Writing only below scratch, signals only to our own: where the kernel has Landlock. */
static void landlock(const char *scratch)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	uint64_t file = LANDLOCK_ACCESS_FS_WRITE_FILE | (abi >= 3 ? LL_TRUNCATE : 0);
	uint64_t all = file | LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |
		       LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR |
		       LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK |
		       LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK |
		       LANDLOCK_ACCESS_FS_MAKE_SYM | (abi >= 2 ? LANDLOCK_ACCESS_FS_REFER : 0);
	struct ll_ruleset attr = {.fs = all, .scoped = 3};
	cf_autoclose int ruleset = -1;

	if (abi < 1)
		return;
	ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr,
		abi >= 6 ? sizeof(attr) : sizeof(attr.fs), 0);
	if (ruleset < 0)
		return;
	ll_allow(ruleset, scratch, all);
	ll_allow(ruleset, "/dev/shm", all);
	ll_allow(ruleset, "/dev/pts", file);
	ll_allow(ruleset, "/dev/ptmx", file);
	for (int i = 0; devices[i]; i++) {
		cf_autofree char *path = cf_path_join("/dev", devices[i]);

		ll_allow(ruleset, path, file);
	}
	syscall(SYS_landlock_restrict_self, ruleset, 0);
}

#if defined(__x86_64__)
#define OUR_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define OUR_ARCH AUDIT_ARCH_AARCH64
#endif

/* No socket but local ones; io_uring could open one past this filter. */
static int refuse_network(char *why)
{
#ifdef OUR_ARCH
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, OUR_ARCH, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000 /* x32 */, 5, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_io_uring_setup, 4, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 0, 2),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_UNIX, 0, 2),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EACCES),
	};
	struct sock_fprog program = {sizeof(code) / sizeof(*code), code};

	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0)
		return 0;
#endif
	return fail(why, "the network cannot be cut off here; --allow-network runs the code with it");
}

int sandbox_os_drop(
	const struct sandbox *s, enum sandbox_kind kind, int got, const char *scratch, char *why)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return fail(why, "no_new_privs: %s", strerror(errno));
	if (drop_capabilities(why) < 0)
		return -1;
	if (kind == SANDBOX_COPY) {
		landlock(scratch);
		if (!s->allow_network && !(got & SANDBOX_GOT_NET))
			return refuse_network(why);
	}
	return 0;
}

/* --- everything below this process ----------------------------------------------------------------- */

void sandbox_os_adopt(void)
{
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
}

static pid_t parent_of(const char *pid)
{
	char path[64], text[512];
	const char *p;
	ssize_t n;
	int fd, parent = 0;

	snprintf(path, sizeof(path), "/proc/%.20s/stat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	p = strrchr(text, ')'); /* the name before it may hold anything */
	if (!p || sscanf(p + 1, " %*c %d", &parent) != 1)
		return 0;
	return parent;
}

int sandbox_os_processes(void)
{
	DIR *proc = own_proc ? opendir("/proc") : NULL;
	struct dirent *e;
	int n = 0;

	while (proc && (e = readdir(proc)))
		n += e->d_name[0] >= '1' && e->d_name[0] <= '9';
	if (proc)
		closedir(proc);
	return n;
}

void sandbox_os_kill_below(void)
{
	/* killing a process hands its children to us, so rounds until there are none */
	for (int round = 0; round < 1000; round++) {
		DIR *proc = opendir("/proc");
		struct dirent *e;

		while (proc && (e = readdir(proc)))
			if (e->d_name[0] >= '1' && e->d_name[0] <= '9' && parent_of(e->d_name) == getpid())
				kill((pid_t)atol(e->d_name), SIGKILL);
		if (proc)
			closedir(proc);
		for (;;) {
			pid_t pid = waitpid(-1, NULL, WNOHANG);

			if (pid < 0 && errno == ECHILD)
				return;
			if (pid <= 0)
				break;
		}
		usleep(1000);
	}
}

#endif
