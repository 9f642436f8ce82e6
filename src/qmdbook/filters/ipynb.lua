-- The shapes that a notebook's text gives to things; see resolve.lua. Code and outputs come from the
-- execution; in place of a cell stand its number, its outputs that are Markdown, and captions.

local shape = {}

local function block(text) return pandoc.RawBlock("html", text) end

function shape.comment(text) return block("<!-- " .. text .. " -->") end

shape.references = {
  pandoc.Header(2, "References", pandoc.Attr("references", { "unnumbered" })),
  pandoc.Div({}, pandoc.Attr("refs")),
}

function shape.start(doc)
  local function drop() return {} end
  return doc:walk({ RawBlock = drop, RawInline = drop })
end

function shape.reference(text) return text end

function shape.link(el) return el.content end -- to what is not beside the notebook

function shape.number(number) return pandoc.Inlines({ pandoc.Str(number), pandoc.Str("\u{2002}") }) end

function shape.image(el, alt)
  if alt then el.caption = { pandoc.Str(alt) } end
  el.attributes = {}
  return el
end

function shape.equation(el)
  local formula = el.content[1]
  formula.text = formula.text:gsub("%s*$", "") .. " \\tag{" .. el.attributes.number .. "}\n"
  return formula
end

-- Prose is quoted; the cells in between stay cells.
local function quoted(blocks)
  local result, quote = pandoc.Blocks({}), pandoc.Blocks({})
  local function close()
    if #quote > 0 then result:insert(pandoc.BlockQuote(quote)) end
    quote = pandoc.Blocks({})
  end
  for _, each in ipairs(blocks) do
    if each.t == "Div" and each.classes:includes("cell") then
      close()
      result:extend(each.content)
    else
      quote:insert(each)
    end
  end
  close()
  return result
end

function shape.box(_, title, content)
  content:insert(1, pandoc.Para({ pandoc.Strong(title) }))
  return quoted(content)
end

function shape.exercise(el) return el.content end

function shape.code(el) return el end

function shape.markdown() return nil end -- cell() takes it

function shape.cell(el, leave_out)
  if el.classes:includes("unevaluated") then
    el.attributes = {}
    return el
  end
  local blocks = pandoc.Blocks({ block("<!-- cell " .. el.attributes.part .. " -->") })
  local captions = pandoc.Blocks({})
  local function caption(each)
    if #each.caption.long > 0 and each.identifier ~= "" then
      captions:insert(pandoc.Para(pandoc.utils.blocks_to_inlines(each.caption.long)))
    end
    if each.t == "Table" then
      each.caption = pandoc.Caption()
      return each
    end
  end
  local function output(each)
    if each.classes:includes("cell-markdown") then
      blocks:insert(block("<!-- output " .. each.attributes.output .. " -->"))
      blocks:extend(each.content)
      blocks:insert(block("<!-- end -->"))
    end
  end
  el:walk({ Figure = caption, Table = caption }):walk({ Div = output })
  el.content, el.attributes = blocks .. captions .. leave_out(el.content), {}
  return el
end

function shape.finish(doc) return doc end

return shape
