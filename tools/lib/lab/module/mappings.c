// SPDX-License-Identifier: GPL-2.0
/* A block that processes and guests map, and what may go wrong with it: one block for each open file. */
#include <linux/dma-buf.h>
#include <linux/module.h>
#include <linux/pfn_t.h>
#include <linux/slab.h>
#include <linux/version.h>
#include "lab.h"
#include "pagelab.h"

MODULE_IMPORT_NS(DMA_BUF);

struct block {
	struct page *page; /* the first one; NULL when the block is gone */
	unsigned int order;
};

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
static void add_flags(struct vm_area_struct *vma, vm_flags_t flags)
{
	vma->vm_flags |= flags;
}
#else
static void add_flags(struct vm_area_struct *vma, vm_flags_t flags)
{
	vm_flags_set(vma, flags);
}
#endif

static struct block *new_block(unsigned int order)
{
	struct block *block = kzalloc(sizeof(*block), GFP_KERNEL);

	if (!block)
		return NULL;
	block->order = order;
	block->page = alloc_pages(GFP_KERNEL | __GFP_ZERO, order);
	if (block->page)
		return block;
	kfree(block);
	return NULL;
}

static void drop_block(struct block *block)
{
	if (block && block->page)
		__free_pages(block->page, block->order);
	kfree(block);
}

static unsigned long pfn_at(struct vm_fault *vmf)
{
	struct block *block = vmf->vma->vm_private_data;
	unsigned long index = (vmf->address - vmf->vma->vm_start) >> PAGE_SHIFT;

	return page_to_pfn(block->page) + (index & ((1ul << block->order) - 1));
}

static vm_fault_t fault_by_pfn(struct vm_fault *vmf)
{
	struct block *block = vmf->vma->vm_private_data;

	if (!block->page)
		return VM_FAULT_SIGBUS;
	return vmf_insert_pfn(vmf->vma, vmf->address & PAGE_MASK, pfn_at(vmf));
}

static vm_fault_t fault_mixed(struct vm_fault *vmf)
{
	return vmf_insert_mixed(vmf->vma, vmf->address & PAGE_MASK, __pfn_to_pfn_t(pfn_at(vmf), PFN_DEV));
}

/* A whole PMD from a plain fault, as TTM did until 5.15. */
static vm_fault_t fault_huge(struct vm_fault *vmf)
{
	struct block *block = vmf->vma->vm_private_data;

	return vmf_insert_pfn_pmd(vmf, __pfn_to_pfn_t(page_to_pfn(block->page), PFN_DEV),
				  vmf->flags & FAULT_FLAG_WRITE);
}

static const struct vm_operations_struct by_pfn_ops = { .fault = fault_by_pfn };
static const struct vm_operations_struct mixed_ops = { .fault = fault_mixed };
static const struct vm_operations_struct huge_ops = { .fault = fault_huge };

int lab_mmap(struct file *file, struct vm_area_struct *vma)
{
	const vm_flags_t device = VM_IO | VM_DONTEXPAND | VM_DONTDUMP;
	struct block *block = new_block(vma->vm_pgoff == PAGELAB_HUGE ? HPAGE_PMD_ORDER : 2);

	if (!block)
		return -ENOMEM;
	drop_block(file->private_data);
	file->private_data = block;
	vma->vm_private_data = block;
	announce("mapped", block->page, block->order);
	switch (vma->vm_pgoff) {
	case PAGELAB_BY_PFN:
		vma->vm_ops = &by_pfn_ops;
		add_flags(vma, device | VM_PFNMAP);
		return 0;
	case PAGELAB_MIXED:
		vma->vm_ops = &mixed_ops;
		add_flags(vma, device | VM_MIXEDMAP);
		return 0;
	case PAGELAB_HUGE:
		vma->vm_ops = &huge_ops;
		add_flags(vma, device | VM_PFNMAP | VM_HUGEPAGE);
		return 0;
	case PAGELAB_REMAPPED:
		return remap_pfn_range(vma, vma->vm_start, page_to_pfn(block->page),
				       vma->vm_end - vma->vm_start, vma->vm_page_prot);
	case PAGELAB_AS_PAGE:
		return vm_insert_page(vma, vma->vm_start, block->page);
	}
	return -EINVAL;
}

int lab_release(struct inode *inode, struct file *file)
{
	drop_block(file->private_data);
	return 0;
}

/* dma-bufs of one page; they are mapped by processes only, no device attaches. */
static struct sg_table *no_device(struct dma_buf_attachment *attached, enum dma_data_direction way)
{
	return ERR_PTR(-ENODEV);
}

static void no_device_either(struct dma_buf_attachment *attached, struct sg_table *table,
			     enum dma_data_direction way)
{
}

static void buf_release(struct dma_buf *buf)
{
	drop_block(buf->priv);
}

static int mmap_counted(struct dma_buf *buf, struct vm_area_struct *vma)
{
	struct block *block = buf->priv;

	return vm_insert_page(vma, vma->vm_start, block->page);
}

static int mmap_by_pfn(struct dma_buf *buf, struct vm_area_struct *vma)
{
	struct block *block = buf->priv;

	return remap_pfn_range(vma, vma->vm_start, page_to_pfn(block->page), PAGE_SIZE, vma->vm_page_prot);
}

static const struct dma_buf_ops counted_ops = {
	.map_dma_buf = no_device,
	.unmap_dma_buf = no_device_either,
	.release = buf_release,
	.mmap = mmap_counted,
};

static const struct dma_buf_ops by_pfn_buf_ops = {
	.map_dma_buf = no_device,
	.unmap_dma_buf = no_device_either,
	.release = buf_release,
	.mmap = mmap_by_pfn,
};

static long export_block(const struct dma_buf_ops *ops)
{
	DEFINE_DMA_BUF_EXPORT_INFO(info);
	struct block *block = new_block(0);
	struct dma_buf *buf;

	if (!block)
		return -ENOMEM;
	announce("exported", block->page, 0);
	info.ops = ops;
	info.priv = block;
	info.size = PAGE_SIZE;
	info.flags = O_RDWR;
	buf = dma_buf_export(&info);
	if (!IS_ERR(buf))
		return dma_buf_fd(buf, O_CLOEXEC);
	drop_block(block);
	return PTR_ERR(buf);
}

/* The old block's pages go back to the allocator; whether its mappings went first is the question. */
static long replace(struct file *file, struct block *block, bool unmap, bool anew)
{
	struct page *next = anew ? alloc_pages(GFP_KERNEL | __GFP_ZERO, block->order) : NULL;

	if (anew && !next)
		return -ENOMEM;
	announce(anew ? "moved" : "freed", block->page, block->order);
	if (unmap)
		unmap_mapping_range(file->f_mapping, 0, 0, 1);
	__free_pages(block->page, block->order);
	if (anew)
		block->page = next;
	return 0;
}

long lab_ioctl(struct file *file, unsigned int act, unsigned long unused)
{
	struct block *block = file->private_data;

	if (act == PAGELAB_EXPORT_COUNTED)
		return export_block(&counted_ops);
	if (act == PAGELAB_EXPORT_PFN)
		return export_block(&by_pfn_buf_ops);
	if (!block || !block->page)
		return -EINVAL;
	switch (act) {
	case PAGELAB_FREE:
		replace(file, block, false, false);
		block->page = NULL;
		return 0;
	case PAGELAB_STEAL:
		return replace(file, block, false, true);
	case PAGELAB_MOVE:
		return replace(file, block, true, true);
	}
	return -ENOTTY;
}
