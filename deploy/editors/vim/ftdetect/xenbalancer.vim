" made by deploy/editors/generate.py; make editors writes it anew
autocmd BufNewFile,BufRead *.rules
  \ if search('\v^%(avoid|balance|drain|every|freeze|keep|let|limit|never|pack|prefer|reserve|rest|rule|window)>', 'nw') | unlet! b:did_ftplugin | set filetype=xenbalancer | endif
