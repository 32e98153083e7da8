/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/sandbox, in every form it takes: overlay and copy, as the user who runs this and, when that is
 * root, as an ordinary user without a home too.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif
#include "lib/buf.h"
#include "lib/error.h"
#include "lib/fs.h"
#include "lib/mem.h"
#include "lib/sandbox.h"
#include "tests/unit/check.h"

static char *base;    /* a scratch folder of this test */
static char *project;
static const char *mode; /* overlay, copy, bare-copy */

static void put(const char *dir, const char *name, const char *text)
{
	cf_autofree char *path = cf_path_join(dir, name), *above = cf_path_dir(path);

	if (cf_mkdirs(above) < 0 || cf_write_file(path, text, strlen(text)) < 0)
		abort();
}

static bool exists(const char *dir, const char *name)
{
	cf_autofree char *path = cf_path_join(dir, name);

	return access(path, F_OK) == 0;
}

/* What the program wrote to stdout and stderr, its status in *status. Returns new. */
static char *run_in(const struct sandbox *s, char *const *argv, int *status)
{
	struct sandbox_child c;
	struct cf_buf out = CF_BUF_INIT;
	char block[4096];
	struct pollfd fds[2];
	int open = 2;

	cf_buf_adds(&out, "");
	*status = -1;
	if (sandbox_start(s, argv, NULL, &c) < 0)
		return cf_buf_detach(&out, NULL);
	CHECK_STR(sandbox_name(c.kind), strcmp(mode, "overlay") ? "copy" : "overlay");
	fds[0] = (struct pollfd){c.out, POLLIN, 0};
	fds[1] = (struct pollfd){c.err, POLLIN, 0};
	while (open && poll(fds, 2, 60000) > 0)
		for (int i = 0; i < 2; i++) {
			ssize_t n = fds[i].revents ? read(fds[i].fd, block, sizeof(block)) : -1;

			if (n > 0)
				cf_buf_add(&out, block, (size_t)n);
			else if (n == 0)
				fds[i].fd = -1, open--;
		}
	*status = sandbox_end(&c);
	return cf_buf_detach(&out, NULL);
}

/* A shell script in the sandbox; what it prints must be `want`. */
static void script(const struct sandbox *s, const char *text, const char *want)
{
	char *argv[] = {"sh", "-c", (char *)text, NULL};
	int status;
	cf_autofree char *got = run_in(s, argv, &status);

	if (strcmp(got, want))
		fprintf(stderr, "(%s as %d) %s\n", mode, (int)geteuid(), text);
	CHECK_STR(got, want);
}

static void python(const struct sandbox *s, const char *text, const char *want)
{
	char *argv[] = {"python3", "-c", (char *)text, NULL};
	int status;
	cf_autofree char *got = run_in(s, argv, &status);

	if (strcmp(got, want))
		fprintf(stderr, "(%s as %d) %s\n", mode, (int)geteuid(), text);
	CHECK_STR(got, want);
}

static void files_are_laid_over(void)
{
	const struct overlay_file files[] = {{"app.py", "new\n", 4}, {"deep/er/mod.py", "mod\n", 4},
		{"link.py", "through\n", 8}, {"linked/in.py", "in\n", 3}, {"empty.py", "", 0}};
	struct sandbox s = {.project_root = project, .files = files, .nfiles = 5};
	struct cf_buf b cf_autobuf = CF_BUF_INIT;
	cf_autofree char *app = cf_path_join(project, "app.py");
	struct sandbox plain = {.project_root = project};
	struct stat st;
	cf_autofree char *mtime = NULL;

	script(&s, "cat app.py deep/er/mod.py link.py linked/in.py empty.py; cat folder/in.py; ls deep",
		"new\nmod\nthrough\nin\nin\ner\n");
	CHECK(cf_read_file(app, &b) == 0);
	CHECK_STR(b.data, "old\n");
	CHECK(!exists(project, "deep") && !exists(project, "folder/in.py"));
	script(&plain, "cat app.py folder/file", "old\nfile\n");
	/* a compiled copy of the original is recognised by its time */
	stat(app, &st);
	mtime = cf_asprintf("%lld\n", (long long)st.st_mtime);
	script(&plain, "stat -c %Y app.py", mtime);
	script(&s, "test $(stat -c %Y app.py) -lt $(stat -c %Y folder/file) && echo older", "older\n");
}

static void a_way_out_is_no_place_for_a_file(void)
{
	const struct overlay_file up[] = {{"out/passwd", "x", 1}};
	struct sandbox s = {.project_root = project, .files = up, .nfiles = 1};
	struct sandbox_child c;

	CHECK(sandbox_start(&s, (char *[]){"true", NULL}, NULL, &c) < 0);
	s = (struct sandbox){.project_root = "/"};
	CHECK(sandbox_start(&s, (char *[]){"true", NULL}, NULL, &c) < 0);
	s = (struct sandbox){.project_root = project};
	CHECK(sandbox_start(&s, (char *[]){"no-such-program", NULL}, NULL, &c) < 0);
	CHECK(sandbox_end(&c) == 0);
}

static void nothing_that_is_written_stays(void)
{
	struct sandbox s = {.project_root = project};
	cf_autofree char *text = cf_asprintf(
		"echo x >here; rm folder/file; mkdir d; mv d e; cat here; ls -d folder/* e 2>&1 | sed 's/.*: //'; "
		"t=$(mktemp) && echo y >$t && cat $t; touch \"$HOME/h\" && echo home; "
		"touch %s-outside 2>/dev/null && echo outside", base);
	cf_autofree char *outside = cf_asprintf("%s-outside", base);

	script(&s, text, strcmp(mode, "overlay") ? "x\nNo such file or directory\ne\ny\nhome\n"
						: "x\nNo such file or directory\ne\ny\nhome\noutside\n");
	CHECK(!exists(project, "here") && !exists(project, "e") && exists(project, "folder/file"));
	CHECK(access(outside, F_OK) < 0);
	script(&s, "touch /etc/codeflash-test 2>/dev/null || echo refused", "refused\n");
	CHECK(!exists("/etc", "codeflash-test"));
}

static void what_is_hidden_is_not_seen(void)
{
	cf_autofree char *trace = cf_path_join(project, "my.trace");
	const char *const hide[] = {trace, NULL};
	struct sandbox s = {.project_root = project, .hide = hide};

	script(&s, "ls .codeflash 2>/dev/null; cat my.trace 2>/dev/null; rm my.trace 2>/dev/null; "
		   "cat my.trace 2>/dev/null; true", "");
}

static void there_is_no_network(void)
{
	struct sandbox s = {.project_root = project};

	python(&s, "import socket\n"
		   "try:\n"
		   "    socket.create_connection(('192.0.2.1', 80), 2)\n"
		   "    print('connected')\n"
		   "except OSError as e: print('no')\n", "no\n");
	if (strcmp(mode, "bare-copy"))
		python(&s, "import socket\n"
			   "s = socket.create_server(('127.0.0.1', 0))\n"
			   "c = socket.create_connection(s.getsockname())\n"
			   "print('loopback')\n", "loopback\n");
	python(&s, "import socket, os\n"
		   "a, b = socket.socketpair(); a.send(b'x'); print(b.recv(1))\n", "b'x'\n");
}

static void services_are_out_of_reach(void)
{
	struct sandbox s = {.project_root = project};
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	cf_autofree char *text = NULL;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (strcmp(mode, "overlay"))
		return; /* a copy has no way to keep a program from local sockets */
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/socket", base);
	unlink(address.sun_path);
	CHECK(bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0 && listen(fd, 1) == 0);
	text = cf_asprintf("import socket\ns = socket.socket(socket.AF_UNIX)\n"
			   "try:\n    s.connect('%s')\n    print('connected')\n"
			   "except OSError: print('no')\n", address.sun_path);
	python(&s, text, "no\n");
	close(fd);
	unlink(address.sun_path);
}

static void limits_hold(void)
{
	struct sandbox s = {.project_root = project, .memory_max = 512 << 20, .cpu_s = 0.1};
	char *spin[] = {"sh", "-c", "while :; do :; done", NULL};
	int status;

	python(&s, "try:\n    x = bytearray(1 << 30)\n    print('all')\n"
		   "except MemoryError: print('no')\n", "no\n");
	if (strcmp(mode, "overlay"))
		return;
	free(run_in(&s, spin, &status));
	CHECK(WIFSIGNALED(status) && (WTERMSIG(status) == SIGXCPU || WTERMSIG(status) == SIGKILL));
	s.cpu_s = 60;
	/* forking without end ends: by the kernel's limit, or for root by ours */
	python(&s, "import os, time, sys\n"
		   "for i in range(20000):\n"
		   "    try:\n"
		   "        if os.fork() == 0: time.sleep(60); os._exit(0)\n"
		   "    except OSError:\n"
		   "        print('no'); sys.stdout.flush(); os._exit(0)\n"
		   "print('all')\n", geteuid() ? "no\n" : "");
}

static void endings_are_told(void)
{
	struct sandbox s = {.project_root = project};
	char *seven[] = {"sh", "-c", "exit 7", NULL}, *killed[] = {"sh", "-c", "kill -SEGV $$", NULL};
	int status;

	free(run_in(&s, seven, &status));
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 7);
	free(run_in(&s, killed, &status));
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
}

static void the_program_gets_only_its_own(void)
{
	cf_autofree char *cwd = cf_path_join(project, "folder");
	struct sandbox s = {.project_root = project, .cwd = cwd};
	int leak = dup(0); /* without close-on-exec */

	script(&s, "ls /proc/self/fd | wc -l; ls; test -w /dev/null && echo null", "4\nfile\nnull\n");
	close(leak);
	script(&s, "for d in /dev/vda /dev/sda /dev/mem; do test -e $d && head -c 1 $d >/dev/null 2>&1 && "
		   "test -w $d && echo $d; done; true", "");
	/* neither is what runs it */
	script(&s, "kill -9 $PPID 2>/dev/null; kill -9 0 2>/dev/null & sleep 0.2; true", "");
}

/* Processes on the machine whose arguments have the text. */
static int processes(const char *text)
{
	cf_autofree char *command = cf_asprintf("ps -eo args | grep -c '[%c]%s'", text[0], text + 1);
	FILE *p = popen(command, "r");
	int n = -1;

	if (!p || fscanf(p, "%d", &n) != 1)
		n = -1;
	if (p)
		pclose(p);
	return n;
}

static int scratch_dirs(void)
{
	cf_autofree char *command = cf_asprintf("ls -d %s/codeflash-* 2>/dev/null | wc -l", base);
	FILE *p = popen(command, "r");
	int n = -1;

	if (!p || fscanf(p, "%d", &n) != 1)
		n = -1;
	if (p)
		pclose(p);
	return n;
}

static void nothing_outlives_us(void)
{
	struct sandbox s = {.project_root = project};
	char *argv[] = {"sh", "-c", "setsid sleep 4711.5 >/dev/null 2>&1 & sleep 4711.5 & echo on; wait", NULL};
	struct sandbox_child c;
	char word[4];
	int status, left = 1, p[2];
	pid_t pid;

	/* ended by us */
	CHECK(sandbox_start(&s, argv, NULL, &c) == 0);
	CHECK(read(c.out, word, 3) == 3);
	CHECK(processes("sleep 4711.5") >= 2);
	status = sandbox_end(&c);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	CHECK(processes("sleep 4711.5") == 0);
	CHECK(scratch_dirs() == 0);

	/* we are killed */
	CHECK(pipe(p) == 0);
	pid = fork();
	if (pid == 0) {
		if (sandbox_start(&s, argv, NULL, &c) < 0 || read(c.out, word, 3) != 3 ||
			write(p[1], word, 1) != 1)
			_exit(1);
		pause();
		_exit(0);
	}
	CHECK(read(p[0], word, 1) == 1);
	CHECK(processes("sleep 4711.5") >= 2);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	for (int i = 0; i < 100 && left; i++) {
		usleep(50000);
		left = processes("sleep 4711.5") + scratch_dirs();
	}
	CHECK(left == 0);
	close(p[0]);
	close(p[1]);
}

static void odd_names(void)
{
	static const char *const names[] = {"with space", "colon:comma,equals=", "quote'\"back\\slash",
		"new\nline", "$(touch x);&|*?[a]", "\xff\xfe", "-rf"};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		cf_autofree char *root = cf_path_join(base, names[i]);
		const struct overlay_file file = {"app.py", "new\n", 4};
		struct sandbox s = {.project_root = root, .files = &file, .nfiles = 1};

		put(root, "app.py", "old\n");
		put(root, "other.py", "other\n");
		script(&s, "cat app.py other.py", "new\nother\n");
		cf_remove_tree(root);
	}
}

static void all(void)
{
	cf_autofree char *folder = NULL;

	project = cf_path_join(base, "proj");
	put(project, "app.py", "old\n");
	put(project, "folder/file", "file\n");
	put(project, "real.py", "real\n");
	put(project, "my.trace", "secret\n");
	put(project, ".codeflash/state", "secret\n");
	folder = cf_path_join(project, "link.py");
	CHECK(symlink("real.py", folder) == 0 || errno == EEXIST);
	free(folder);
	folder = cf_path_join(project, "linked");
	CHECK(symlink("folder", folder) == 0 || errno == EEXIST);
	free(folder);
	folder = cf_path_join(project, "out");
	CHECK(symlink("/etc", folder) == 0 || errno == EEXIST);
	setenv("CODEFLASH_SANDBOX", mode, 1);
	files_are_laid_over();
	a_way_out_is_no_place_for_a_file();
	nothing_that_is_written_stays();
	what_is_hidden_is_not_seen();
	there_is_no_network();
	services_are_out_of_reach();
	limits_hold();
	endings_are_told();
	the_program_gets_only_its_own();
	nothing_outlives_us();
	odd_names();
	cf_remove_tree(project);
	free(project);
}

static int as_this_user(void)
{
	static const char *const modes[] = {"copy", "bare-copy"};
	bool overlay = sandbox_available() == SANDBOX_OVERLAY;

	if (overlay) {
		mode = "overlay";
		all();
	} else if (getenv("CODEFLASH_CHECK_SANDBOX")) {
		CHECK(!"this machine has to have namespaces");
	} else {
		fprintf(stderr, "skipped: the overlay, for want of namespaces\n");
	}
	for (size_t i = 0; i < 2; i++) {
		mode = modes[i];
		all();
	}
	return check_failed || !check_done;
}

int main(int argc, char **argv)
{
	(void)argc;
	cf_set_progname(argv[0]);
	base = cf_tempdir("sandbox-test");
	if (!base || chmod(base, 0777) < 0)
		return 1;
	/* errors that are provoked are not for the reader */
	setenv("TMPDIR", base, 1);
	if (geteuid() == 0) {
		int status;
		pid_t pid = fork();

		if (pid == 0) {
			setenv("HOME", "/nonexistent", 1);
			if (setgid(65534) < 0 || setuid(65534) < 0)
				_exit(1);
#ifdef __linux__
			prctl(PR_SET_DUMPABLE, 1, 0, 0, 0); /* as a user's own processes are */
#endif
			as_this_user();
			fprintf(stderr, "as an ordinary user: ");
			_exit(CHECK_END());
		}
		waitpid(pid, &status, 0);
		CHECK(status == 0);
	}
	as_this_user();
	cf_tempdir_done(base);
	return CHECK_END();
}
