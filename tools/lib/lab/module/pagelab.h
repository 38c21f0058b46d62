// What the lab's module and its programs agree on.
#ifndef PAGELAB_H
#define PAGELAB_H

#define PAGELAB_PAGES 4 // pages of a block, order 2

// The page offset of mmap says how the block is mapped.
enum {
	PAGELAB_BY_PFN = 0,	/* vmf_insert_pfn in a VM_PFNMAP vma */
	PAGELAB_REMAPPED = 16,	/* remap_pfn_range at mmap */
	PAGELAB_AS_PAGE = 32,	/* vm_insert_page at mmap */
	PAGELAB_MIXED = 48,	/* vmf_insert_mixed in a VM_MIXEDMAP vma */
	PAGELAB_HUGE = 512,	/* vmf_insert_pfn_pmd of a block of order 9 */
};

#define PAGELAB_FREE _IO('P', 1)	   /* free the block under its mappings */
#define PAGELAB_STEAL _IO('P', 2)	   /* move it and leave the mappings */
#define PAGELAB_MOVE _IO('P', 3)	   /* move it as it should be */
#define PAGELAB_EXPORT_COUNTED _IO('P', 4) /* a dma-buf that maps counted pages */
#define PAGELAB_EXPORT_PFN _IO('P', 5)	   /* a dma-buf that maps by pfn */

#endif
