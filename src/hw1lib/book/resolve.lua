-- Second pass, for one output format: references become links with the number's text, captions
-- get theirs, and cells, callouts and conditional blocks take the format's shape.

local stringify = pandoc.utils.stringify
local format = FORMAT:match("^html") and "html" or FORMAT:match("^typst") and "typst" or "ipynb"
local labels, page = {}, ""
local NAMES = { fig = "Figure", tbl = "Table", eq = "Equation", sec = "Section", chapter = "Chapter" }
local TITLES = {
  note = "Note", tip = "Tip", warning = "Warning", important = "Important", caution = "Caution",
}

local function raw(text, block)
  return (block and pandoc.RawBlock or pandoc.RawInline)(format == "ipynb" and "html" or format, text)
end

local function typst_string(text)
  return '"' .. text:gsub("\\", "\\\\"):gsub('"', '\\"'):gsub("\n", " ") .. '"'
end

local function fail(message)
  io.stderr:write("hw1-error: " .. message .. "\n")
  os.exit(3)
end

-- References ------------------------------------------------------------------------------------

local function reference(citation)
  local label = labels[citation.id]
  if not label then fail("the reference @" .. citation.id .. " leads nowhere") end
  local text = label.number
  if citation.mode ~= "SuppressAuthor" then
    text = label.number == "" and label.text or NAMES[label.kind] .. "\u{a0}" .. label.number
  end
  if format == "ipynb" or label.page == "" then return pandoc.Str(text) end
  local target = (page == "" or label.page == page) and "#" .. citation.id
    or label.page .. ".html#" .. citation.id
  return pandoc.Link(text, target, "", pandoc.Attr("", { "reference" }))
end

local function cite(el)
  local ours = el.citations:filter(function(c) return c.id:match("^%l+") and
    NAMES[c.id:match("^(%l+)%-")] ~= nil end)
  if #ours == 0 then return nil end
  if #ours < #el.citations then fail("@" .. ours[1].id .. " stands in one bracket with a citation") end
  local result = pandoc.Inlines({})
  for i, citation in ipairs(ours) do
    if i > 1 then result:extend({ pandoc.Str(i == #ours and " and" or ","), pandoc.Space() }) end
    result:insert(reference(citation))
  end
  return result
end

-- Sections, captions, equations -----------------------------------------------------------------

local function header(el)
  local number = el.attributes.number
  el.attributes.number = nil
  if number then
    local text = format == "html" and pandoc.Span(number, pandoc.Attr("", { "section-number" }))
      or pandoc.Str(number)
    el.content:insert(1, text)
    el.content:insert(2, format == "html" and pandoc.Space() or pandoc.Str("\u{2002}"))
  end
  return el
end

local function prefix(caption, text)
  local first = caption.long[1]
  local start = { pandoc.Strong({ pandoc.Str(text) }), pandoc.Space() }
  if first then
    for i = #start, 1, -1 do first.content:insert(1, start[i]) end
  else
    caption.long:insert(pandoc.Plain(start))
  end
end

local function captioned(kind)
  return function(el)
    local number = el.attributes.number
    el.attributes.number = nil
    if number then prefix(el.caption, NAMES[kind] .. "\u{a0}" .. number .. ".") end
    return el
  end
end

local function image(el)
  local alt = el.attributes["fig-alt"]
  el.attributes["fig-alt"] = nil
  if alt then
    if format == "typst" then el.attributes.alt = alt else el.caption = { pandoc.Str(alt) } end
  end
  if format == "ipynb" then el.attributes = {} end
  return el
end

local function equation(el)
  if not el.classes:includes("equation") then return nil end
  local number, formula = el.attributes.number, el.content[1]
  if format == "html" then
    el.attributes.number = nil
    el.content:insert(raw('<span class="equation-number">(' .. number .. ")</span>"))
    return el
  end
  if format == "typst" then
    return { raw('#equation("' .. number .. '", "' .. el.identifier .. '")['), formula, raw("]") }
  end
  formula.text = formula.text:gsub("%s*$", "") .. " \\tag{" .. number .. "}\n"
  return formula
end

-- Blocks ----------------------------------------------------------------------------------------

local function is_visible(el)
  local function fits(value)
    return value == format or (value == "pdf" and format == "typst")
  end
  local is = not el.attributes["when-format"] or fits(el.attributes["when-format"])
  local isnt = el.attributes["unless-format"] and fits(el.attributes["unless-format"])
  local matches = is and not isnt
  if el.classes:includes("content-hidden") then return not matches end
  return matches
end

local function callout(el, kind)
  local title = el.attributes.title and { pandoc.Str(el.attributes.title) } or { pandoc.Str(TITLES[kind]) }
  if el.content[1] and el.content[1].t == "Header" then
    title = el.content[1].content
    el.content:remove(1)
  end
  if format == "ipynb" then
    el.content:insert(1, pandoc.Para({ pandoc.Strong(title) }))
    return pandoc.BlockQuote(el.content)
  end
  if format == "typst" then
    local blocks = pandoc.Blocks({ raw('#callout("' .. kind .. '")[', true), pandoc.Plain(title), raw("][", true) })
    blocks:extend(el.content)
    blocks:insert(raw("]", true))
    return blocks
  end
  local folded = el.attributes.collapse == "true"
  local open = folded and '<details class="callout callout-%s"><summary>'
    or '<div class="callout callout-%s"><p class="callout-title">'
  local blocks = pandoc.Blocks({ raw(open:format(kind), true), pandoc.Plain(title),
    raw(folded and "</summary>" or "</p>", true), pandoc.Div(el.content, pandoc.Attr("", { "callout-body" })),
    raw(folded and "</details>" or "</div>", true) })
  return blocks
end

-- In a notebook the cell itself comes from the execution; here stand its number and captions.
local function notebook_cell(el)
  local blocks = pandoc.Blocks({ raw("<!-- cell " .. el.attributes.part .. " -->", true) })
  local function caption(block)
    if #block.caption.long > 0 and block.identifier ~= "" then
      blocks:insert(pandoc.Para(pandoc.utils.blocks_to_inlines(block.caption.long)))
    end
  end
  el:walk({ Figure = caption, Table = caption })
  return blocks
end

local function code(el)
  if not el.classes:includes("cell-code") then return nil end
  local fold, summary = el.attributes["code-fold"], el.attributes["code-summary"]
  el.attributes = {}
  if format ~= "html" or not fold or fold == "false" then return el end
  local escaped = summary:gsub("&", "&amp;"):gsub("<", "&lt;")
  return { raw('<details class="code-fold"' .. (fold == "show" and " open" or "") .. "><summary>" .. escaped
    .. "</summary>", true), el, raw("</details>", true) }
end

local function div(el)
  if el.classes:includes("content-visible") or el.classes:includes("content-hidden") then
    return is_visible(el) and el.content or {}
  end
  for _, class in ipairs(el.classes) do
    local kind = class:match("^callout%-(%l+)$")
    if kind and TITLES[kind] then return callout(el, kind) end
  end
  if el.classes:includes("cell") then
    if format == "ipynb" then return notebook_cell(el) end
    el.attributes = {}
    return el
  end
end

-- Tables scroll in a box of their own; wide code does so by itself.
local function box_table(el)
  if format ~= "html" then return nil end
  return pandoc.Div({ el }, pandoc.Attr("", { "table-box" }, { tabindex = "0" }))
end


function Pandoc(doc)
  page = doc.meta.page and stringify(doc.meta.page) or ""
  local file = assert(io.open(stringify(doc.meta["labels-file"])))
  labels = pandoc.json.decode(file:read("a"), false)
  file:close()
  doc.meta.labels, doc.meta["labels-file"] = nil, nil
  doc = doc:walk({ Cite = cite, Header = header, Figure = captioned("fig"), Table = captioned("tbl") })
  doc = doc:walk({ Image = image, Span = equation, CodeBlock = code })
  doc = doc:walk({ Div = div })
  doc = doc:walk({ Table = box_table })
  return doc
end
