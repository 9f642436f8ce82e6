-- Second pass, for one output format: references become links with the number's text, captions
-- get theirs, and cells, callouts and conditional blocks take the format's shape.
--
-- What differs between formats is in html.lua, typst.lua and ipynb.lua: the same functions, each with
-- the shape that its format gives to one thing. They get `file`, what is known of the written file:
--
--   labels   what its references lead to, by their ids
--   names    what references call the kinds of labels
--   pages    the chapters that it has
--   hand_in  whether it is the hand-in's, without code and with the homework's own headings
--   marked   whether words are marked, to see that none is lost: see marks.py

local stringify = pandoc.utils.stringify

local function fail(message)
  io.stderr:write("qmdbook: " .. message .. "\n")
  os.exit(3)
end

local function include(...)
  return dofile(pandoc.path.join({ pandoc.path.directory(PANDOC_SCRIPT_FILE), ... }))
end

local function load_shape()
  local name = FORMAT:match("^html") or FORMAT:match("^typst") or "ipynb"
  return name, include(name .. ".lua")
end

-- What a format leaves out on purpose. When words are marked, their marks stay.
local function leave_out(blocks, file, shape)
  if not file.marked then return {} end
  local marks = pandoc.List()
  local function note(el) marks:insert(el.text) end
  pandoc.Blocks(blocks):walk({ Str = note, Code = note, CodeBlock = note, Math = note })
  return { shape.comment(table.concat(marks, " ")) }
end

-- References ------------------------------------------------------------------------------------

-- What a hand-in calls a chapter or section: the homework's question and part.
local function asked(kind, number, part, text)
  if kind == "chapter" then return "Question\u{a0}" .. number end
  if part == "" then return "\u{201c}" .. text .. "\u{201d}" end
  return (part:match("^%w+$") and "Part\u{a0}" or "Parts\u{a0}") .. part
end

local function reference(citation, file, shape)
  local label = file.labels[citation.id]
  if not label then fail("the reference @" .. citation.id .. " leads nowhere") end
  local text = pandoc.Inlines(label.number)
  if #citation.prefix > 0 then -- [Fig. @fig-x]: the writer's own name for it
    text = citation.prefix .. { pandoc.Str("\u{a0}") } .. text
  elseif file.hand_in and (label.kind == "chapter" or label.kind == "sec") then
    text = pandoc.Inlines(asked(label.kind, label.number, label.part, label.text))
  elseif label.number == "" then
    text = pandoc.Inlines(label.text)
  elseif citation.mode ~= "SuppressAuthor" then
    text = pandoc.Inlines(file.names[label.kind] .. "\u{a0}" .. label.number)
  end
  return shape.reference(text, label, file) .. citation.suffix
end

-- References to labels; a citation of works is left to citeproc.
local function cite(el, file, shape)
  local ours = el.citations:filter(function(c) return file.names[c.id:match("^(%l+)%-")] ~= nil end)
  if #ours == 0 then return nil end
  if #ours < #el.citations then fail("@" .. ours[1].id .. " stands in one bracket with a citation") end
  local result = pandoc.Inlines({})
  for i, citation in ipairs(ours) do
    if i > 1 then result:extend({ pandoc.Str(i == #ours and " and" or ","), pandoc.Space() }) end
    result:extend(reference(citation, file, shape))
  end
  return result
end

-- [text](chapter.qmd#place) leads to the chapter's page, or its place in the PDF.
local function link(el, file, shape)
  if el.target:match("^%a[%w+.-]*:") or el.target:match("^#") then return nil end
  local chapter, place = ("/" .. el.target):match("/([%w_-]+)%.qmd#?([^/]*)$")
  return shape.link(el, chapter, place, file)
end

-- Headings, captions ----------------------------------------------------------------------------

local function header(el, file, shape)
  local number, part = el.attributes.number, el.attributes.part
  el.attributes.number, el.attributes.part = nil, nil
  if file.hand_in then
    if number and (el.level == 1 or part) then
      el.content:insert(1, asked(el.level == 1 and "chapter" or "sec", number, part) .. ": ")
    end
    return el
  end
  if part then el.content:insert(" (part " .. part .. ")") end
  if number then el.content = shape.number(number) .. el.content end
  return el
end

local function captioned(el, name)
  local number, caption = el.attributes.number, el.caption
  el.attributes.number = nil
  if not number then return el end
  if #caption.long == 0 then caption.long:insert(pandoc.Plain({})) end
  local content = caption.long[1].content
  content:insert(1, pandoc.Strong({ pandoc.Str(name .. "\u{a0}" .. number .. ".") }))
  content:insert(2, pandoc.Space())
  return el
end

local function image(el, shape)
  local alt = el.attributes["fig-alt"]
  el.attributes["fig-alt"] = nil
  return shape.image(el, alt)
end

-- Blocks ----------------------------------------------------------------------------------------

local function is_visible(el, format) -- which has one of the two attributes
  local unless = el.attributes["unless-format"]
  local value = unless or el.attributes["when-format"]
  local fits = value == format or (value == "pdf" and format == "typst")
  if unless then fits = not fits end
  if el.classes:includes("content-hidden") then return not fits end
  return fits
end

-- The title that a box begins with.
local function take_title(el)
  return el.content:remove(1).content[1].content
end

local function numbered(word, number, name)
  local title = pandoc.Inlines(number and word .. "\u{a0}" .. number or word)
  if #name == 0 then return title end
  return title .. { pandoc.Space(), pandoc.Str("(") } .. name .. { pandoc.Str(")") }
end

local function exercise(el, file, shape)
  local title = pandoc.Strong(numbered(file.names.exr, el.attributes.number, take_title(el)))
  if #el.content == 0 or el.content[1].t ~= "Para" then el.content:insert(1, pandoc.Para({})) end
  local first = el.content[1].content
  first:insert(1, title)
  first:insert(2, pandoc.Space())
  el.attributes.number = nil
  return shape.exercise(el)
end

local function div(el, file, shape, format)
  if el.classes:includes("content-visible") or el.classes:includes("content-hidden") then
    return is_visible(el, format) and el.content or leave_out(el.content, file, shape)
  end
  if el.identifier:match("^exr%-") then return exercise(el, file, shape) end
  if el.classes:includes("solution") then
    local number = shape.solutions_last and el.attributes.number or nil -- apart from its exercise
    return shape.box("tip", numbered("Solution", number, take_title(el)), el.content, true)
  end
  for _, class in ipairs(el.classes) do
    local kind = class:match("^callout%-(%l+)$")
    if kind and kind ~= "title" then
      return shape.box(kind, take_title(el), el.content, el.attributes.collapse == "true")
    end
  end
  if el.classes:includes("cell-markdown") then return shape.markdown(el) end
  if el.classes:includes("cell") then
    return shape.cell(el, function(blocks) return leave_out(blocks, file, shape) end)
  end
end

local function code(el, file, shape)
  if not el.classes:includes("cell-code") then return nil end
  if file.hand_in then return leave_out({ el }, file, shape) end
  local fold, summary = el.attributes["code-fold"], el.attributes["code-summary"]
  el.attributes = {}
  return shape.code(el, fold ~= "false" and fold or nil, summary)
end

function Pandoc(doc)
  local format, shape = load_shape()
  local file = pandoc.json.decode(stringify(doc.meta.qmdbook), false)
  doc.meta.qmdbook = nil
  doc = shape.start(doc, file)
  local has_citations = false
  doc = doc:walk({ Cite = function(el)
    local resolved = cite(el, file, shape)
    has_citations = has_citations or not resolved
    return resolved
  end })
  if has_citations then doc.blocks:extend(shape.references) end
  doc = doc:walk({
    Header = function(el) return header(el, file, shape) end,
    Link = function(el) return link(el, file, shape) end,
    Figure = function(el) return captioned(el, file.names.fig) end,
    Table = function(el) return captioned(el, file.names.tbl) end,
  })
  for _, filter in ipairs(include("..", "formulas.lua")) do doc = doc:walk(filter) end
  doc = doc:walk({
    Image = function(el) return image(el, shape) end,
    Span = function(el) return el.classes:includes("equation") and shape.equation(el) or nil end,
    CodeBlock = function(el) return code(el, file, shape) end,
  })
  doc = doc:walk({ Div = function(el) return div(el, file, shape, format) end })
  return shape.finish(doc, file, fail)
end
