/* placeholder */
@ITEMS@
