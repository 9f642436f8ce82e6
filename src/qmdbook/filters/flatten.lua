-- After citeproc, for notebooks: divs and spans go, links inside the page become their text.
local function content(el) return el.content end

function Pandoc(doc)
  return doc:walk({
    Div = content,
    Span = content,
    Link = function(el) if el.target:match("^#") then return el.content end end,
    Header = function(el) el.attr = pandoc.Attr() return el end,
    Figure = function(el)
      local blocks = pandoc.Blocks(el.content)
      blocks:insert(pandoc.Para(pandoc.utils.blocks_to_inlines(el.caption.long)))
      return blocks
    end,
    Table = function(el)
      local caption = pandoc.utils.blocks_to_inlines(el.caption.long)
      el.caption, el.attr = pandoc.Caption(), pandoc.Attr()
      return #caption > 0 and { el, pandoc.Para(caption) } or el
    end,
  })
end
