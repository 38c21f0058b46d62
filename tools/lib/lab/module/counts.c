// SPDX-License-Identifier: GPL-2.0
/* Mistakes with reference counts and blocks that need no process, and right work that looks like them. */
#include <linux/gfp.h>
#include <linux/slab.h>
#include <linux/string.h>
#include "lab.h"

/* A block without __GFP_COMP: only its first page has a count. */
static struct page *plain_block(const char *word, unsigned int order, unsigned int of_page)
{
	struct page *page = alloc_pages(GFP_KERNEL, order);

	if (page)
		announce(word, page + of_page, of_page ? 0 : order);
	return page;
}

static void ref_on_tail(const char *word)
{
	struct page *page = plain_block(word, 3, 3);

	page_ref_inc(page + 3);
	page_ref_dec(page + 3);
	__free_pages(page, 3);
}

/* The tail reaches the buddy allocator while its block is in use; the block is never freed. */
static void tail_freed(const char *word)
{
	struct page *page = plain_block(word, 2, 2);

	set_page_count(page + 2, 1);
	__free_page(page + 2);
}

static void tail_got_and_freed(const char *word)
{
	struct page *page = plain_block(word, 3, 4);

	page_ref_inc(page + 4);
	__free_page(page + 4);
}

static void below_zero(const char *word)
{
	struct page *page = plain_block(word, 0, 0);

	page_ref_sub(page, 3);
	page_ref_add(page, 3);
	__free_page(page);
}

static void back_from_zero(const char *word)
{
	struct page *page = plain_block(word, 0, 0);

	page_ref_dec(page);
	page_ref_inc(page);
	__free_page(page);
}

/* The second owner's put finds a count of zero: the page stays in the allocator with -1. */
static void freed_twice(const char *word)
{
	struct page *page = plain_block(word, 0, 0);

	preempt_disable(); /* nobody here takes the page in between */
	__free_page(page);
	__free_page(page);
	page_ref_inc(page);
	preempt_enable();
}

static void never_freed(const char *word)
{
	int i;

	for (i = 0; i < 24; i++)
		plain_block(word, 0, 0);
}

static void ref_forgotten(const char *word)
{
	struct page *page = plain_block(word, 0, 0);

	get_page(page);
	__free_page(page);
}

/* Counts that an owner marks on purpose to catch others. */
static void biased(const char *word)
{
	struct page *page = plain_block(word, 1, 0);

	page_ref_add(page, 1 << 30);
	page_ref_sub(page, 1 << 30);
	__free_pages(page, 1);
}

static void zeroed(const char *word)
{
	struct page *page = plain_block(word, 2, 0);

	set_page_count(page, 0);
	set_page_count(page, 1);
	__free_pages(page, 2);
}

/* What a flight recorder waits for: the kernel complains and lives on. */
static void warn(const char *word)
{
	struct page *page = plain_block(word, 0, 0);

	WARN(1, "pagelab: a warning about pfn 0x%lx\n", page_to_pfn(page));
	__free_page(page);
}

/* Ends the process that asked for it. */
static void oops(const char *word)
{
	struct page *nowhere = NULL;

	pr_info("pagelab: %s\n", word);
	OPTIMIZER_HIDE_VAR(nowhere);
	WRITE_ONCE(nowhere->flags, 0);
}

/* A tail that says that a file owns it, when its block is freed. */
static void owned_tail(const char *word)
{
	struct page *page = plain_block(word, 1, 1);

	page[1].mapping = (struct address_space *)0xdead0;
	__free_pages(page, 1);
}

/* Right work from here on. */
static void split_right(const char *word)
{
	struct page *page = plain_block(word, 2, 0);
	int i;

	split_page(page, 2);
	for (i = 3; i >= 0; i--) {
		get_page(page + i);
		put_page(page + i);
		__free_page(page + i);
	}
}

static void compound_right(const char *word)
{
	struct page *page = alloc_pages(GFP_KERNEL | __GFP_COMP, 2);

	announce(word, page, 2);
	get_page(page + 3);
	put_page(page + 3);
	__free_pages(page, 2);
}

static void exact_right(const char *word)
{
	void *at = alloc_pages_exact(3 * PAGE_SIZE, GFP_KERNEL);

	announce(word, virt_to_page(at), 2);
	free_pages_exact(at, 3 * PAGE_SIZE);
}

static void bulk_right(const char *word)
{
	struct page *pages[6] = {};
	unsigned long got = alloc_pages_bulk_array(GFP_KERNEL, ARRAY_SIZE(pages), pages);

	while (got--) {
		announce(word, pages[got], 0);
		__free_page(pages[got]);
	}
}

/* The head is held when the block is freed: the tails go one by one, the head with its last reference. */
static void held_right(const char *word)
{
	struct page *page = plain_block(word, 2, 0);

	get_page(page);
	__free_pages(page, 2);
	put_page(page);
}

static const struct {
	const char *word;
	void (*commit)(const char *word);
} words[] = {
	{ "ref-on-tail", ref_on_tail },
	{ "tail-freed", tail_freed },
	{ "tail-got-and-freed", tail_got_and_freed },
	{ "below-zero", below_zero },
	{ "back-from-zero", back_from_zero },
	{ "freed-twice", freed_twice },
	{ "never-freed", never_freed },
	{ "ref-forgotten", ref_forgotten },
	{ "biased", biased },
	{ "zeroed", zeroed },
	{ "warn", warn },
	{ "oops", oops },
	{ "bad-page", owned_tail },
	{ "split-right", split_right },
	{ "compound-right", compound_right },
	{ "exact-right", exact_right },
	{ "bulk-right", bulk_right },
	{ "held-right", held_right },
};

int commit_by_word(const char *word)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(words); i++) {
		if (strcmp(words[i].word, word) == 0) {
			words[i].commit(word);
			return 0;
		}
	}
	return -ENOENT;
}
